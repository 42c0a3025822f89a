import JSONStream
package import Support

/// The secret that an operator keeps in Secrets Manager: one JSON object of texts.
///
/// A field is asked for only when it is needed, so that a secret for function scans alone needs no password.
package struct QualysSecret: Sendable {
    private let fields: [String: Redacted]

    /// - Throws: When the text is not a JSON object. Members that are not texts are passed over.
    package init(json: Redacted) throws(QualysSecretError) {
        guard let members = try? [String: Member](jsonText: Array(json.exposed.utf8)) else {
            throw .notAnObject
        }
        fields = members.compactMapValues { $0.text }.filter { !$0.value.exposed.isEmpty }
    }

    package subscript(optional field: String) -> Redacted? { fields[field] }

    package func required(_ field: String) throws(QualysSecretError) -> Redacted {
        guard let value = fields[field] else { throw .missing(field) }
        // A line break ends a header or a form early: somebody pasted more than the value.
        guard value.exposed.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw .notPlain(field)
        }
        return value
    }

    /// The platform that `qualys_pod` names.
    package func platform() throws(QualysSecretError) -> QualysPlatform {
        let pod = try required("qualys_pod")
        // The pod is no secret, but who puts the token into this field by mistake must not find it in a log.
        guard let platform = QualysPlatform(pod: pod.exposed) else { throw .unknownPod }
        return platform
    }

    private struct Member: JSONReadable {
        let text: Redacted?

        init(json: JSONValue) {
            text = json.text.map(Redacted.init)
        }
    }
}

/// The secret cannot be used.
package enum QualysSecretError: Failure, Equatable {
    case notAnObject
    case missing(String)
    case notPlain(String)
    case unknownPod

    package var label: String {
        switch self {
        case .notAnObject: "Secret.NotAnObject"
        case .missing: "Secret.MissingField"
        case .notPlain: "Secret.ControlCharacter"
        case .unknownPod: "Secret.UnknownPod"
        }
    }

    package var description: String {
        switch self {
        case .notAnObject:
            "The secret of QUALYS_SECRET_ARN is not a JSON object such as "
                + "{\"qualys_pod\": \"US2\", \"qualys_access_token\": \"...\"}."
        case .missing(let field):
            "The secret of QUALYS_SECRET_ARN has no field \(field), which this needs."
        case .notPlain(let field):
            "The field \(field) in the secret of QUALYS_SECRET_ARN has a line break or another control character."
        case .unknownPod:
            "The field qualys_pod in the secret of QUALYS_SECRET_ARN is none of "
                + "\(QualysPlatform.names.joined(separator: ", "))."
        }
    }
}
