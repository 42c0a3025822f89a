import JSONStream
import Support
import Testing

@testable import QScanner

@Suite struct SARIFDocumentTests {
    func document(_ text: String) throws -> SARIFDocument {
        try SARIFDocument(jsonText: Array(text.utf8))
    }

    /// A report of one run.
    func document(rules: String, results: String) throws -> SARIFDocument {
        try document(#"{"runs":[{"tool":{"driver":{"rules":\#(rules)}},"results":\#(results)}]}"#)
    }

    @Test(arguments: [
        (#"{"ruleId":"q"}"#, #"{"id":"q","properties":{"severity":5}}"#, SeverityCounts(critical: 1)),
        (#"{"ruleId":"q"}"#, #"{"id":"q","properties":{"severity":"4"}}"#, SeverityCounts(high: 1)),
        (#"{"ruleId":"q"}"#, #"{"id":"q","properties":{"severity":3.0}}"#, SeverityCounts(medium: 1)),
        (#"{"ruleId":"q"}"#, #"{"id":"q","properties":{"severity":"2.0"}}"#, SeverityCounts(low: 1)),
        (#"{"ruleIndex":0}"#, #"{"id":"q","properties":{"severity":1}}"#, SeverityCounts(info: 1)),
        (#"{"rule":{"id":"q"}}"#, #"{"id":"q","properties":{"severity":4}}"#, SeverityCounts(high: 1)),
        (#"{"rule":{"index":0}}"#, #"{"id":"q","properties":{"severity":4}}"#, SeverityCounts(high: 1)),
        (#"{"ruleId":"q","level":"note"}"#, #"{"id":"q","properties":{"severity":5}}"#, SeverityCounts(critical: 1)),
        (#"{"ruleId":"q","properties":{"severity":"4"}}"#, #"{"id":"q"}"#, SeverityCounts(high: 1)),
        (
            #"{"ruleId":"q","properties":{"severity":4}}"#, #"{"id":"q","properties":{"severity":9}}"#,
            SeverityCounts(high: 1)
        ),
        (
            #"{"ruleId":"q","properties":{"severity":4}}"#, #"{"id":"q","properties":{"severity":"high"}}"#,
            SeverityCounts(high: 1)
        ),
        (
            #"{"ruleId":"q","properties":[],"level":"error"}"#, #"{"id":"q","properties":7}"#,
            SeverityCounts(critical: 1)
        ),
        (#"{"ruleId":"other","level":"error"}"#, #"{"id":"q"}"#, SeverityCounts(critical: 1)),
        (#"{"ruleId":"other","level":"warning"}"#, #"{"id":"q"}"#, SeverityCounts(medium: 1)),
        (#"{"ruleId":"other","level":"note"}"#, #"{"id":"q"}"#, SeverityCounts(low: 1)),
        (#"{"ruleId":"other","level":"none"}"#, #"{"id":"q"}"#, SeverityCounts(info: 1)),
        (#"{"ruleIndex":7}"#, #"{"id":"q","properties":{"severity":5}}"#, SeverityCounts(info: 1)),
        (#"{"ruleIndex":-1}"#, #"{"id":"q","properties":{"severity":5}}"#, SeverityCounts(info: 1)),
        (#"{}"#, #"{}"#, SeverityCounts(info: 1)),
        (#"{"ruleId":"s"}"#, #"{"id":"s","name":"Secret","properties":{"severity":5}}"#, SeverityCounts()),
        (#"{"ruleId":"Compliance"}"#, #"{"id":"Compliance"}"#, SeverityCounts()),
        (#"{"ruleId":"i"}"#, #"{"id":"i","name":"IaCMisconfiguration"}"#, SeverityCounts()),
        (#"{"ruleId":"Secret"}"#, #"{"id":"q"}"#, SeverityCounts()),
    ])
    func `A result counts with the severity of its rule, then its own, then its level`(
        result: String,
        rule: String,
        counts: SeverityCounts
    ) throws {
        #expect(try document(rules: "[\(rule)]", results: "[\(result)]").severities == counts)
    }

    @Test func `An index counts odd rules too`() throws {
        let rules =
            #"[7,{"id":"a","properties":{"severity":2}},{"name":"no id"},{"id":"b","properties":{"severity":5}}]"#
        let counts = try document(rules: rules, results: #"[{"ruleIndex":3},{"ruleIndex":1},{"ruleIndex":0}]"#)
            .severities
        #expect(counts == SeverityCounts(critical: 1, low: 1, info: 1))
    }

    @Test func `Several runs are summed`() throws {
        let run =
            #"{"tool":{"driver":{"rules":[{"id":"q","properties":{"severity":5}}]}},"results":[{"ruleId":"q"},{}]}"#
        #expect(
            try document(#"{"runs":[\#(run),\#(run),{},7,null]}"#).severities == SeverityCounts(critical: 2, info: 2)
        )
    }

    @Test(arguments: [
        #"{"runs":[]}"#, #"{"runs":[{"tool":1,"results":null}]}"#, #"{"runs":[{"results":[]}]}"#,
        #"{"runs":[{"results":"odd","tool":{"driver":[]}}]}"#, #"{"runs":[{"results":[7,"x",null,[]]}]}"#,
    ])
    func `A report without findings counts none`(text: String) throws {
        #expect(try document(text).severities == SeverityCounts())
    }

    @Test(arguments: ["", "{}", "[]", "null", #"{"runs":{}}"#, #"{"runs":null}"#, #"{"runs":[{"results":[{"#])
    func `What is no SARIF is refused`(text: String) {
        #expect(throws: (any Error).self) { try document(text) }
    }

    @Test func `Texts about secrets are known, of rules and of results`() throws {
        let found = try document(
            rules: """
                [{"id":"s1","name":"Secret","help":{"text":"help s","markdown":"markdown s"},"shortDescription":{"text":"short s"}},
                 {"id":"q","help":{"text":"help q"}}]
                """,
            results: """
                [{"ruleId":"s1","message":{"text":"message s"}},{"ruleId":"q","message":{"text":"message q"}},
                 {"ruleId":"Secret","message":{"markdown":"message t"}}]
                """
        )
        #expect(found.secretTexts == ["help s", "markdown s", "short s", "message s", "message t"])
    }

    @Test func `8,000 vulnerabilities with long texts are counted`() throws {
        let folder = TemporaryFolder()
        folder.write(largeReport(of: 8000), to: "x-Report.sarif.json")
        let file = try ResultFile.found(in: folder.path).one(.sarif)
        #expect((file?.bytes ?? 0) > 24_000_000)
        let counts = try file?.document(SARIFDocument.self)?.severities
        #expect(counts == SeverityCounts(critical: 1600, high: 1600, medium: 1600, low: 1600, info: 1600))
    }

    private func largeReport(of count: Int) -> [UInt8] {
        let help = String(repeating: "Upgrade it. ", count: 250)
        let rules = (0..<count).map { number in
            #"{"id":"\#(number)","help":{"text":"\#(help)"},"properties":{"severity":\#(number % 5 + 1)}}"#
        }
        let results = (0..<count).map { #"{"ruleId":"\#($0)","message":{"text":"found"}}"# }
        return Array(
            """
            {"runs":[{"tool":{"driver":{"rules":[\(rules.joined(separator: ","))]}},"results":[\(results.joined(separator: ","))]}]}
            """.utf8
        )
    }
}
