import FoundationEssentials

/// What is read from `-Report.sarif.json` (SARIF 2.1.0): the number of vulnerabilities by severity.
///
/// Each run (section 3.14) has rules (3.19.23), whose ids are Qualys's QIDs, and results (3.14.23), which are the
/// findings and point to their rule. All runs are summed.
struct SARIFDocument: Decodable {
    private(set) var severities = SeverityCounts()

    /// Texts about secrets that were found, in which the secrets themselves may stand: none may be stored.
    private(set) var secretTexts: Set<String> = []

    init(from decoder: any Decoder) throws {
        var runs = try decoder.container(keyedBy: Field.self).nestedUnkeyedContainer(forKey: .runs)
        while !runs.isAtEnd {
            guard let run = try runs.decode(Lenient<Run>.self).value else { continue }
            severities.add(run.severities)
            secretTexts.formUnion(run.secretTexts)
        }
    }

    private enum Field: String, CodingKey {
        case runs
    }
}

private struct Run: Decodable {
    var severities = SeverityCounts()
    var secretTexts: Set<String> = []

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        let driver = try? fields.nestedContainer(keyedBy: Field.self, forKey: .tool)
            .nestedContainer(keyedBy: Field.self, forKey: .driver)
        // Kept with their gaps, because `ruleIndex` counts those too.
        let rules = driver?.lenient([Lenient<SARIFRule>].self, .rules)?.map(\.value) ?? []
        let byID = Dictionary(rules.compactMap { $0 }.map { ($0.id, $0) }) { first, _ in first }
        for rule in byID.values where rule.kind == .secret {
            // A description that is no more than the rule's name has no secret in it.
            secretTexts.formUnion(rule.texts.filter { $0 != rule.id && $0 != rule.name })
        }

        // One at a time: of thousands of results only the counts are kept.
        guard var results = try? fields.nestedUnkeyedContainer(forKey: .results) else { return }
        while !results.isAtEnd {
            guard let result = try results.decode(Lenient<SARIFResult>.self).value else { continue }
            let byIndex = result.ruleIndex.flatMap { rules.indices.contains($0) ? rules[$0] : nil }
            let rule = result.ruleID.flatMap { byID[$0] } ?? byIndex
            switch rule?.kind ?? SARIFRule.Kind(names: [result.ruleID]) {
            case .vulnerability: severities.count(severity: rule?.severity ?? result.severity)
            case .secret: secretTexts.formUnion(result.texts)
            case .other: break
            }
        }
    }

    private enum Field: String, CodingKey {
        case tool, driver, rules, results
    }
}

extension SeverityCounts {
    fileprivate mutating func add(_ other: SeverityCounts) {
        critical += other.critical
        high += other.high
        medium += other.medium
        low += other.low
        info += other.info
    }
}
