import JSONStream

/// What is read from `-ScanResult.json`: the scan's tag and the number of secrets. Vulnerabilities are not in it. An odd
/// member is passed over, the rest is still read.
///
///     {"ScansPerformed": [{"ScanType": "secret", "Status": "SUCCESS"}],
///      "Metadata": {"TargetMetadata": {"ImageMetadata": {"RepoTags": ["lambdascan:1763622437"]}}},
///      "SecretResults": [{"Target": "/var/task/app.cfg", "Secrets": [{"RuleID": "..."}]}]}
struct ScanResultDocument: JSONReadable {
    /// What follows `lambdascan:` in the first repository tag: Qualys's name for this scan.
    let tag: String?

    /// Nil when secrets were not looked for.
    let secrets: Int?

    init(json: JSONValue) throws(JSONShapeFault) {
        try json.checkObject()
        tag = Self.tag(json)

        let found = json["SecretResults"]?.array?.reduce(0) { $0 + ($1["Secrets"]?.array?.count ?? 0) }
        // An empty list is left out of the file.
        let looked = json["ScansPerformed"]?.array?.contains(where: Self.isFinishedSecretScan)
        secrets = found ?? (looked == true ? 0 : nil)
    }

    private static func tag(_ root: JSONValue) -> String? {
        let tags = root["Metadata"]?["TargetMetadata"]?["ImageMetadata"]?["RepoTags"]?.array
        guard let first = tags?.first?.text, first.hasPrefix("lambdascan:") else { return nil }
        let tag = String(first.dropFirst("lambdascan:".count))
        return isValidTagValue(tag) ? tag : nil
    }

    private static func isFinishedSecretScan(_ performed: JSONValue) -> Bool {
        performed["ScanType"]?.text?.lowercased() == "secret" && performed["Status"]?.text?.uppercased() == "SUCCESS"
    }
}

/// Whether AWS takes the text as the value of a tag: 1 to 256 characters of `[\p{L}\p{Z}\p{N}_.:/=+\-@]` (AWS Lambda
/// API, TagResource). One wrong value would have all tags of the call refused.
func isValidTagValue(_ text: String) -> Bool {
    !text.isEmpty && text.unicodeScalars.count <= 256
        && text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .spaceSeparator, .lineSeparator, .paragraphSeparator,
                .decimalNumber, .letterNumber, .otherNumber:
                true
            default:
                "_.:/=+-@".unicodeScalars.contains(scalar)
            }
        }
}
