import AWSClients
import QScanner
import Support
import Telemetry
import TestSupport
import Testing

@testable import FunctionScan

@Suite struct ScanTagsTests {
    @Test func `A finished scan leaves time, status and Qualys's scan tag`() {
        let tags = ScanTags.finished(.test())
        #expect(tags.map(\.name) == ["QualysScanTimestamp", "QualysScanStatus", "QualysScanTag"])
        #expect(tags.map(\.value) == ["2026-11-21T03:00:45Z", "success", "1763622437"])
    }

    @Test func `Without a scan tag there is none`() {
        #expect(ScanTags.finished(.test(.unknown)).map(\.value) == ["2026-11-21T03:00:45Z", "partial"])
        let failed = ScanTags.failed(at: FakeClock.start)
        #expect(failed.map(\.name) == ["QualysScanTimestamp", "QualysScanStatus"])
        #expect(failed.map(\.value) == ["2026-11-21T03:00:45Z", "failed"])
    }
}

@Suite struct ScanMessageTests {
    @Test func `The message sums the scan up`() throws {
        let message = ScanMessage(scan: .test())
        #expect(
            try JSON(message.json) == [
                "function_name": "web",
                "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:web",
                "account_id": "123456789012",
                "region": "eu-west-1",
                "code_sha256": "code-1",
                "scan_timestamp": "2026-11-21T03:00:45Z",
                "scan_status": "success",
                "results": "s3://results/scans/1.json",
                "vulnerability_summary": ["critical": 1, "high": 0, "medium": 2, "low": 0, "info": 0],
                "secrets_found": 3,
            ]
        )
        #expect(message.subject == "Qualys scan success: web")
        #expect(message.attributes.map(\.name) == ["scan_status", "max_severity", "account_id", "region"])
        #expect(message.attributes.map(\.value) == ["success", "critical", "123456789012", "eu-west-1"])
    }

    @Test func `What is not known is null, which is not none`() throws {
        let message = ScanMessage(scan: .test(.unknown, results: nil))
        let json = try JSON(message.json)
        #expect(json["results"] == .null)
        #expect(json["vulnerability_summary"] == .null)
        #expect(json["secrets_found"] == .null)
        #expect(message.attributes[1].value == "unknown")
    }

    @Test func `No vulnerabilities are none`() {
        var report = ScanReport.test
        report.severities = SeverityCounts()
        #expect(ScanMessage(scan: .test(report)).attributes[1].value == "none")
    }

    @Test func `With the longest of everything it stays within SNS's limits`() {
        let function = FunctionARN.test(String(repeating: "n", count: 64), region: String(repeating: "r", count: 32))
        var report = ScanReport.test
        report.severities = SeverityCounts(critical: .max, high: 0)
        report.secretsFound = .max
        report.notes = Array(repeating: String(repeating: "n", count: 10_000), count: 100)
        let key = String(repeating: "\u{1}", count: 1024)
        let scan = FinishedScan.test(
            report,
            results: "s3://\(String(repeating: "b", count: 63))/\(key)",
            function: function,
            description: .test(code: String(repeating: "c", count: 1000))
        )
        let message = ScanMessage(scan: scan)
        #expect(message.json.utf8.count < 256 << 10)
        #expect(message.subject.utf8.count <= 100)
        #expect(message.subject.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    }
}

@Suite struct ScanAnswerTests {
    @Test(arguments: [
        (ScanAnswer.Status.scanned, "scanned"), (.partial, "partial"), (.cached, "cached"),
        (.inProgress, "in-progress"), (.skipped, "skipped"),
    ])
    func `An answer says no more than is known`(_ status: ScanAnswer.Status, _ name: String) throws {
        let answer = ScanAnswer(status: status, function: nil)
        #expect(try JSON(answer.json) == ["status": .text(name)])
    }

    @Test func `The answer of a scan has all of it`() throws {
        #expect(
            try JSON(FinishedScan.test().answer.json) == [
                "status": "scanned",
                "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:web",
                "code_sha256": "code-1",
                "results": "s3://results/scans/1.json",
                "vulnerabilities": ["critical": 1, "high": 0, "medium": 2, "low": 0, "info": 0],
            ]
        )
        #expect(try JSON(FinishedScan.test(.unknown, results: nil).answer.json)["status"] == "partial")
    }
}

@Suite struct ScanMetricsTests {
    private func values(_ records: [MetricRecord]) throws -> [JSON] {
        try records.map { record in
            var members = try JSON(record.line(at: FakeClock.start, requestID: nil)).members
            for name in ["_aws", "timestamp", "level", "message"] { members[name] = nil }
            return .object(members)
        }
    }

    @Test func `A scan counts itself, its time, and vulnerabilities by severity`() throws {
        #expect(
            try values(ScanMetrics.finished(.test)) == [
                ["ScanSuccess": 1, "ScanDuration": 1.5],
                ["Severity": "critical", "Vulnerabilities": 1], ["Severity": "high", "Vulnerabilities": 0],
                ["Severity": "medium", "Vulnerabilities": 2], ["Severity": "low", "Vulnerabilities": 0],
                ["Severity": "info", "Vulnerabilities": 0],
            ]
        )
    }

    @Test func `Vulnerabilities that are not known are not counted as none`() throws {
        #expect(try values(ScanMetrics.finished(.unknown)) == [["ScanPartial": 1, "ScanDuration": 2]])
        #expect(try values(ScanMetrics.failed) == [["ScanFailure": 1]])
        #expect(try values(ScanMetrics.cached) == [["CacheHit": 1]])
    }
}
