import FoundationEssentials

/// A `reportingDescriptor` (SARIF 2.1.0 section 3.49).
struct SARIFRule: Decodable {
    enum Kind {
        case vulnerability, secret, other

        /// Rules that stand for other kinds of findings have their names for id or name.
        init(names: [String?]) {
            if names.contains("Secret") {
                self = .secret
            } else if names.contains("Compliance") || names.contains("IaCMisconfiguration") {
                self = .other
            } else {
                self = .vulnerability
            }
        }
    }

    let id: String
    let name: String?
    let kind: Kind

    /// 1 to 5, or nil.
    let severity: Int?

    /// What it says to people; read of rules about secrets only.
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        id = try fields.decode(String.self, forKey: .id)
        name = fields.lenient(String.self, .name)
        kind = Kind(names: [id, name])
        severity = fields.lenient(Properties.self, .properties)?.severity
        texts =
            kind == .secret
            ? [.shortDescription, .fullDescription, .help].flatMap { fields.lenient(Message.self, $0)?.texts ?? [] }
            : []
    }

    private enum Field: String, CodingKey {
        case id, name, properties, shortDescription, fullDescription, help
    }
}

/// A `result` (SARIF 2.1.0 section 3.27).
struct SARIFResult: Decodable {
    let ruleID: String?
    let ruleIndex: Int?

    /// Its own severity, for want of its rule's: 1 to 5.
    let severity: Int

    let texts: [String]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        // Section 3.27.7: the rule may be named by a reference of its own instead.
        let reference = fields.lenient(Reference.self, .rule)
        ruleID = fields.lenient(String.self, .ruleId) ?? reference?.id
        ruleIndex = fields.lenient(Int.self, .ruleIndex) ?? reference?.index
        texts = fields.lenient(Message.self, .message)?.texts ?? []
        let level =
            switch fields.lenient(String.self, .level) {
            case "error": 5
            case "warning": 3
            case "note": 2
            default: 1
            }
        severity = fields.lenient(Properties.self, .properties)?.severity ?? level
    }

    private struct Reference: Decodable {
        let id: String?
        let index: Int?

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Field.self)
            id = fields.lenient(String.self, .id)
            index = fields.lenient(Int.self, .index)
        }

        private enum Field: String, CodingKey {
            case id, index
        }
    }

    private enum Field: String, CodingKey {
        case ruleId, ruleIndex, rule, message, level, properties
    }
}

/// A `message` or `multiformatMessageString` (SARIF 2.1.0 sections 3.11 and 3.12).
private struct Message: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        texts = [Field.text, .markdown].compactMap { fields.lenient(String.self, $0) }
    }

    private enum Field: String, CodingKey {
        case text, markdown
    }
}

/// The property bag in which Qualys keeps the severity, as a number or as text.
private struct Properties: Decodable {
    let severity: Int?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        let text = fields.lenient(String.self, .severity)
        let number = fields.lenient(Double.self, .severity) ?? text.flatMap { Double($0) }
        severity = number.flatMap { (1...5).contains($0) ? Int($0) : nil }
    }

    private enum Field: String, CodingKey {
        case severity
    }
}
