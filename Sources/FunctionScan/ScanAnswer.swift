package import AWSClients
package import QScanner
import Support

/// What the invocation answers.
package struct ScanAnswer: Sendable, Equatable {
    package enum Status: String, Sendable {
        case scanned, partial, cached, skipped
        case inProgress = "in-progress"
    }

    package var status: Status
    package var function: FunctionARN?
    package var reason: String?
    package var codeSHA256: String?
    package var results: String?
    package var vulnerabilities: SeverityCounts?

    package init(status: Status, function: FunctionARN?, reason: String? = nil, codeSHA256: String? = nil) {
        self.status = status
        self.function = function
        self.reason = reason
        self.codeSHA256 = codeSHA256
    }

    /// `{"status", "function_arn", "reason"?, "code_sha256"?, "results"?, "vulnerabilities"?}`
    package var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", status.rawValue)
            json.member(optional: "function_arn", function?.description)
            json.member(optional: "reason", reason)
            json.member(optional: "code_sha256", codeSHA256)
            json.member(optional: "results", results)
            if let vulnerabilities {
                json.key("vulnerabilities")
                json.value(vulnerabilities)
            }
        }
        return json.bytes
    }
}

extension JSONWriter {
    mutating func value(_ counts: SeverityCounts) {
        object { json in
            for (name, count) in counts.byName { json.member(name, count) }
        }
    }

    /// The counts, or null when they are not known.
    mutating func member(_ name: String, _ counts: SeverityCounts?) {
        key(name)
        if let counts { value(counts) } else { null() }
    }

    /// The number, or null when it is not known.
    mutating func member(orNull name: String, _ number: Int?) {
        key(name)
        if let number { value(number) } else { null() }
    }
}
