package import Support

/// What can be made of a value in a JSON text.
package protocol JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault)
}

extension JSONReadable {
    /// Reads a whole JSON text. The memory that it takes is bounded by the text's.
    ///
    /// Throws a `JSONFault` or a `JSONShapeFault`.
    package init(jsonText text: [UInt8]) throws {
        var parser = JSONParser(ceiling: text.count)
        self = try parser.parse(text) { try Self(json: $0) }
    }
}

/// A value that is not what it has to be: where it stands, never what stands there.
package struct JSONShapeFault: Failure, Equatable {
    package enum Problem: Sendable, Equatable {
        case otherType
        case null
        /// It is an object without this member.
        case missing(String)
    }

    /// The members' names that lead to the value, and elements as `[0]`. Empty for the whole text.
    package private(set) var path: [String] = []
    package let problem: Problem

    package init(_ problem: Problem) {
        self.problem = problem
    }

    package var label: String { "JSON.Shape" }

    package var description: String {
        let place = path.isEmpty ? "The JSON text" : "The JSON value at \(pathText)"
        return switch problem {
        case .otherType: "\(place) is of another type."
        case .null: "\(place) is null."
        case .missing(let name): "\(place) has no \(name)."
        }
    }

    /// The path as a text: `Records[0].body`.
    package var pathText: String {
        path.reduce(into: "") { $0 += ($0.isEmpty || $1.hasPrefix("[") ? "" : ".") + $1 }
    }

    /// The same fault, seen from one step further out.
    func inside(_ step: String) -> JSONShapeFault {
        var fault = self
        fault.path.insert(step, at: 0)
        return fault
    }
}

extension JSONValue {
    /// The member of that name, which an object has to have.
    package func member<Value: JSONReadable>(_ name: String) throws(JSONShapeFault) -> Value {
        try checkObject()
        guard let member = self[name] else { throw JSONShapeFault(.missing(name)) }
        return try member.read(as: name)
    }

    /// The member of that name; nil when the object has none, or it is null.
    package func member<Value: JSONReadable>(optional name: String) throws(JSONShapeFault) -> Value? {
        try checkObject()
        guard let member = self[name], !member.isNull else { return nil }
        return try member.read(as: name)
    }

    /// The value, whose faults name `step` as the way to it.
    package func read<Value: JSONReadable>(as step: String) throws(JSONShapeFault) -> Value {
        do throws(JSONShapeFault) {
            return try Value(json: self)
        } catch {
            throw error.inside(step)
        }
    }

    package func checkObject() throws(JSONShapeFault) {
        guard kind == .object else { throw otherType }
    }

    /// The whole number that it is, exactly, also when it is written as `1.0` or `1e3`.
    package var wholeNumber: Int64? { integer ?? double.flatMap { Int64(exactly: $0) } }

    /// That it is not what it has to be.
    package var otherType: JSONShapeFault { JSONShapeFault(isNull ? .null : .otherType) }
}

extension String: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard let text = json.text else { throw json.otherType }
        self = text
    }
}

extension Redacted: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        self.init(try String(json: json))
    }
}

extension Bool: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard let truth = json.bool else { throw json.otherType }
        self = truth
    }
}

extension Int64: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard let number = json.wholeNumber else { throw json.otherType }
        self = number
    }
}

extension Int: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard let number = Int(exactly: try Int64(json: json)) else { throw json.otherType }
        self = number
    }
}

extension Array: JSONReadable where Element: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard json.kind == .array else { throw json.otherType }
        self = []
        for element in json.elements { append(try element.read(as: "[\(count)]")) }
    }
}

/// Of several members with one name the last.
extension Dictionary: JSONReadable where Key == String, Value: JSONReadable {
    package init(json: JSONValue) throws(JSONShapeFault) {
        try json.checkObject()
        self = [:]
        for (name, value) in json.members {
            guard let name = name.text else { continue }
            self[name] = try value.read(as: name) as Value
        }
    }
}

extension JSONReadable where Self: RawRepresentable<String> {
    package init(json: JSONValue) throws(JSONShapeFault) {
        guard let value = Self(rawValue: try String(json: json)) else { throw json.otherType }
        self = value
    }
}
