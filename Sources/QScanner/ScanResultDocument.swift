import FoundationEssentials

/// What is read from `-ScanResult.json`: the scan's tag and the number of secrets. Vulnerabilities are not in it.
///
///     {"ScansPerformed": [{"ScanType": "secret", "Status": "SUCCESS"}],
///      "Metadata": {"TargetMetadata": {"ImageMetadata": {"RepoTags": ["lambdascan:1763622437"]}}},
///      "SecretResults": [{"Target": "/var/task/app.cfg", "Secrets": [{"RuleID": "..."}]}]}
struct ScanResultDocument: Decodable {
    /// What follows `lambdascan:` in the first repository tag: Qualys's name for this scan.
    let tag: String?

    /// Nil when secrets were not looked for.
    let secrets: Int?

    init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: Field.self)
        tag = ScanResultDocument.tag(root)

        let found = root.lenientArray(SecretsOfFile.self, .secretResults)?.reduce(0) { $0 + $1.count }
        // An empty list is left out of the file.
        let looked = root.lenientArray(Performed.self, .scansPerformed)?.contains(where: \.isFinishedSecretScan)
        secrets = found ?? (looked == true ? 0 : nil)
    }

    private static func tag(_ root: KeyedDecodingContainer<Field>) -> String? {
        guard
            let target = try? root.nestedContainer(keyedBy: Field.self, forKey: .metadata)
                .nestedContainer(keyedBy: Field.self, forKey: .targetMetadata)
                .nestedContainer(keyedBy: Field.self, forKey: .imageMetadata),
            let first = target.lenient([Lenient<String>].self, .repoTags)?.first?.value,
            first.hasPrefix("lambdascan:")
        else { return nil }
        let tag = String(first.dropFirst("lambdascan:".count))
        return isValidTagValue(tag) ? tag : nil
    }

    private enum Field: String, CodingKey {
        case scansPerformed = "ScansPerformed"
        case metadata = "Metadata"
        case targetMetadata = "TargetMetadata"
        case imageMetadata = "ImageMetadata"
        case repoTags = "RepoTags"
        case secretResults = "SecretResults"
    }
}

private struct Performed: Decodable {
    let isFinishedSecretScan: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        isFinishedSecretScan =
            fields.lenient(String.self, .type)?.lowercased() == "secret"
            && fields.lenient(String.self, .status)?.uppercased() == "SUCCESS"
    }

    private enum Field: String, CodingKey {
        case type = "ScanType"
        case status = "Status"
    }
}

private struct SecretsOfFile: Decodable {
    let count: Int

    init(from decoder: any Decoder) throws {
        count = try decoder.container(keyedBy: Field.self).elementCount(.secrets)
    }

    private enum Field: String, CodingKey {
        case secrets = "Secrets"
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
