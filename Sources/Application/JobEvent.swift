import FunctionScan
package import Jobs
import Support

/// A scheduled job, as an event asks for it: `{"job": "was-export", "since": "..."}`.
package struct JobEvent: Sendable, Equatable {
    package let name: JobName
    package let parameters: JobParameters

    package init(name: JobName, parameters: JobParameters = JobParameters()) {
        self.name = name
        self.parameters = parameters
    }
}

/// The members of an event that has a `job`: all others are its parameters.
struct JobMembers: Decodable {
    private let name: String
    private let parameters: [String: JobParameters.Value]

    /// What EventBridge and this program's own events have beside them.
    private static let others: Set<String> = ["job", "detail"]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        name = try container.decode(String.self, forKey: Name("job"))
        var parameters: [String: JobParameters.Value] = [:]
        for key in container.allKeys where !Self.others.contains(key.stringValue) {
            guard try !container.decodeNil(forKey: key) else { continue }
            parameters[key.stringValue] = try Self.value(container, key)
        }
        self.parameters = parameters
    }

    var event: JobEvent {
        get throws(EventError) {
            guard let job = JobName(rawValue: name) else {
                let known = JobName.allCases.map(\.rawValue).joined(separator: ", ")
                throw .unsupported("There is no job \(quoted(name)), only \(known).")
            }
            return JobEvent(name: job, parameters: JobParameters(parameters))
        }
    }

    private static func value(
        _ container: KeyedDecodingContainer<Name>,
        _ key: Name
    ) throws -> JobParameters.Value {
        if let truth = try? container.decode(Bool.self, forKey: key) { return .truth(truth) }
        if let number = try? container.decode(Int64.self, forKey: key) { return .number(number) }
        if let text = try? container.decode(String.self, forKey: key) { return .text(text) }
        if let numbers = try? container.decode([Int64].self, forKey: key) { return .list(numbers.map(String.init)) }
        return .list(try container.decode([String].self, forKey: key))
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}
