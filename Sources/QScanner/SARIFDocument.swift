import JSONStream

/// What is read from `-Report.sarif.json` (SARIF 2.1.0): the number of vulnerabilities by severity.
///
/// Each run (section 3.14) has rules (3.19.23), whose ids are Qualys's QIDs, and results (3.14.23), which are the
/// findings and point to their rule. All runs are summed.
struct SARIFDocument: JSONReadable {
    private(set) var severities = SeverityCounts()

    /// Texts about secrets that were found, in which the secrets themselves may stand: none may be stored.
    private(set) var secretTexts: Set<String> = []

    init(json: JSONValue) throws(JSONShapeFault) {
        let runs: [Run] = try json.member("runs")
        for run in runs {
            severities.add(run.severities)
            secretTexts.formUnion(run.secretTexts)
        }
    }
}

private struct Run: JSONReadable {
    var severities = SeverityCounts()
    var secretTexts: Set<String> = []

    init(json: JSONValue) {
        // Kept with their gaps, because `ruleIndex` counts those too.
        let rules = json["tool"]?["driver"]?["rules"]?.array?.map(SARIFRule.init) ?? []
        let byID = Dictionary(rules.compactMap { $0 }.map { ($0.id, $0) }) { first, _ in first }
        for rule in byID.values where rule.kind == .secret {
            // A description that is no more than the rule's name has no secret in it.
            secretTexts.formUnion(rule.texts.filter { $0 != rule.id && $0 != rule.name })
        }

        // One at a time: of thousands of results only the counts are kept.
        guard let results = json["results"]?.elements else { return }
        for case let result? in results.lazy.map(SARIFResult.init) {
            let byIndex = result.ruleIndex.flatMap { rules.indices.contains($0) ? rules[$0] : nil }
            let rule = result.ruleID.flatMap { byID[$0] } ?? byIndex
            switch rule?.kind ?? SARIFRule.Kind(names: [result.ruleID]) {
            case .vulnerability: severities.count(severity: rule?.severity ?? result.severity)
            case .secret: secretTexts.formUnion(result.texts)
            case .other: break
            }
        }
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
