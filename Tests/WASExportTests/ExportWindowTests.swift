import Support
import Testing

@testable import WASExport

@Suite("Which scans belong to a run")
struct ExportWindowTests {
    @Test(
        "A scan belongs to the window in which it ended, whenever it was launched",
        arguments: [
            ("2026-11-20T23:50:00Z", "2026-11-21T00:10:00Z", ExportWindow.Verdict.inside),
            ("2026-11-21T05:00:00Z", "2026-11-21T00:00:00Z", .inside),
            ("2026-11-20T05:00:00Z", "2026-11-20T23:59:59Z", .outside),
            ("2026-11-21T23:00:00Z", "2026-11-22T00:00:00Z", .outside),
            ("2026-11-20T05:00:00Z", nil, .dependsOnEnd),
            ("2026-11-21T05:00:00Z", nil, .dependsOnEnd),
            (nil, nil, .dependsOnEnd),
            ("2026-11-22T00:00:00Z", nil, .outside),
        ] as [(String?, String?, ExportWindow.Verdict)]
    )
    func verdicts(launched: String?, ended: String?, expected: ExportWindow.Verdict) throws {
        let window = ExportWindow(
            since: try #require(Timestamp(iso8601: "2026-11-21T00:00:00Z")),
            until: try #require(Timestamp(iso8601: "2026-11-22T00:00:00Z"))
        )
        let verdict = window.verdict(
            launched: launched.flatMap { Timestamp(iso8601: $0) },
            ended: ended.flatMap { Timestamp(iso8601: $0) }
        )
        #expect(verdict == expected)
    }
}
