import JSONStream

/// A `reportingDescriptor` (SARIF 2.1.0 section 3.49).
struct SARIFRule {
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

    /// Nil for what has no id.
    init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        name = json["name"]?.text
        kind = Kind(names: [id, name])
        severity = severityProperty(of: json)
        texts =
            kind == .secret
            ? ["shortDescription", "fullDescription", "help"].flatMap { json[$0].map(messageTexts) ?? [] }
            : []
    }
}

/// A `result` (SARIF 2.1.0 section 3.27).
struct SARIFResult {
    let ruleID: String?
    let ruleIndex: Int?

    /// Its own severity, for want of its rule's: 1 to 5.
    let severity: Int

    let texts: [String]

    /// Nil for what is no object.
    init?(_ json: JSONValue) {
        guard json.kind == .object else { return nil }
        // Section 3.27.7: the rule may be named by a reference of its own instead.
        let reference = json["rule"]
        ruleID = json["ruleId"]?.text ?? reference?["id"]?.text
        ruleIndex = (json["ruleIndex"]?.wholeNumber ?? reference?["index"]?.wholeNumber).map { Int(clamping: $0) }
        texts = json["message"].map(messageTexts) ?? []
        let level =
            switch json["level"]?.text {
            case "error": 5
            case "warning": 3
            case "note": 2
            default: 1
            }
        severity = severityProperty(of: json) ?? level
    }
}

/// The texts of a `message` or `multiformatMessageString` (SARIF 2.1.0 sections 3.11 and 3.12).
private func messageTexts(_ message: JSONValue) -> [String] {
    ["text", "markdown"].compactMap { message[$0]?.text }
}

/// From the property bag, in which Qualys keeps it as a number or as text: 1 to 5.
private func severityProperty(of json: JSONValue) -> Int? {
    let severity = json["properties"]?["severity"]
    let number = severity?.double ?? severity?.text.flatMap { Double($0) }
    return number.flatMap { (1...5).contains($0) ? Int($0) : nil }
}
