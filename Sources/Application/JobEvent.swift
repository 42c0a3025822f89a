import FunctionScan
import JSONStream
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
struct JobMembers: JSONReadable {
    private let name: String
    private let parameters: [String: JobParameters.Value]

    /// What EventBridge and this program's own events have beside them.
    private static let others: Set<String> = ["job", "detail"]

    init(json: JSONValue) throws(JSONShapeFault) {
        name = try json.member("job")
        var parameters: [String: JobParameters.Value] = [:]
        for (name, value) in json.members where !value.isNull {
            guard let name = name.text, !Self.others.contains(name) else { continue }
            let parameter: Parameter = try value.read(as: name)
            parameters[name] = parameter.value
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

    private struct Parameter: JSONReadable {
        let value: JobParameters.Value

        init(json: JSONValue) throws(JSONShapeFault) {
            switch json.kind {
            case .true, .false: value = .truth(try Bool(json: json))
            case .number: value = .number(try Int64(json: json))
            case .string: value = .text(try String(json: json))
            case .array where json.elements.allSatisfy({ $0.kind == .number }):
                value = .list(try [Int64](json: json).map(String.init))
            default: value = .list(try [String](json: json))
            }
        }
    }
}
