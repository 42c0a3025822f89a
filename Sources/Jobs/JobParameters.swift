package import Support

/// The parameters of a job, as an event names them. A job takes those that it knows; what is left is a mistake.
package struct JobParameters: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Int64)
        case truth(Bool)
        case list([String])
    }

    private var values: [String: Value]

    package init(_ values: [String: Value] = [:]) {
        self.values = values
    }

    /// Of those that are given and not taken yet.
    package var names: Set<String> { Set(values.keys) }

    package mutating func text(_ name: String) throws(JobParameterError) -> String? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .text(let text): return text.isEmpty ? nil : text
        default: throw JobParameterError(name: name, expected: "a text")
        }
    }

    /// `2026-11-21` (its first moment) or `2026-11-21T03:00:45Z`, UTC.
    package mutating func time(_ name: String) throws(JobParameterError) -> Timestamp? {
        guard let text = try text(name) else { return nil }
        guard let time = Timestamp(dateOrTime: text) else {
            throw JobParameterError(name: name, expected: "a time in UTC such as 2026-11-21T03:00:00Z, or a date")
        }
        return time
    }

    package mutating func number(
        _ name: String,
        _ range: ClosedRange<Int64>
    ) throws(JobParameterError) -> Int64? {
        let number: Int64?
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .number(let value): number = value
        case .text(let text): number = Int64(text)
        default: number = nil
        }
        guard let number, range.contains(number) else {
            throw JobParameterError(
                name: name,
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    package mutating func truth(_ name: String) throws(JobParameterError) -> Bool? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .truth(let truth): return truth
        case .text("true"): return true
        case .text("false"): return false
        default: throw JobParameterError(name: name, expected: "true or false")
        }
    }

    /// A list of texts, or one text with commas.
    package mutating func list(_ name: String) throws(JobParameterError) -> [String] {
        switch values.removeValue(forKey: name) {
        case nil: return []
        case .list(let texts): return texts
        case .number(let number): return [String(number)]
        case .text(let text):
            return text.split(separator: ",").map { String($0.trimmingBlanks) }.filter { !$0.isEmpty }
        default: throw JobParameterError(name: name, expected: "a list")
        }
    }

    /// Ends the reading: whatever was not taken is not known.
    package func finish() throws(JobParameterError) {
        guard let name = values.keys.min() else { return }
        throw JobParameterError(name: name, expected: nil)
    }
}

/// A parameter of a job cannot be used.
package struct JobParameterError: Failure, Equatable {
    package let name: String

    /// Nil: there is no such parameter.
    package let expected: String?

    package init(name: String, expected: String?) {
        self.name = name
        self.expected = expected
    }

    package var label: String { "Event.Malformed" }

    package var description: String {
        guard let expected else { return "The job has no parameter \(quoted(name))." }
        return "The job's parameter \(quoted(name)) must be \(expected)."
    }
}

extension Timestamp {
    /// A time as `init(iso8601:)` reads it, or a date: its first moment in UTC.
    package init?(dateOrTime text: String) {
        self.init(iso8601: text.utf8.count == 10 ? text + "T00:00:00Z" : text)
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
