import Support
import Telemetry
import TestSupport
import Testing

/// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
@Suite struct MetricRecordTests {
    @Test func `A record is one line in the embedded metric format`() throws {
        var record = MetricRecord(dimensions: [(name: "Severity", value: "critical")])
        record.add("Vulnerabilities", 3)
        record.add("ScanDuration", 1.25, .seconds)
        let line = record.line(at: FakeClock.start, requestID: "r-1")
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        #expect(
            try JSON(line) == [
                "timestamp": "2026-11-21T03:00:45.000Z",
                "level": "info",
                "message": "metrics",
                "requestId": "r-1",
                "_aws": [
                    "Timestamp": 1_795_230_045_000,
                    "CloudWatchMetrics": [
                        [
                            "Namespace": "QualysLambdaScanner",
                            "Dimensions": [["Severity"]],
                            "Metrics": [
                                ["Name": "Vulnerabilities", "Unit": "Count"],
                                ["Name": "ScanDuration", "Unit": "Seconds"],
                            ],
                        ]
                    ],
                ],
                "Severity": "critical",
                "Vulnerabilities": 3,
                "ScanDuration": 1.25,
            ]
        )
    }

    @Test func `Without dimensions there is one empty set of them, as the format asks for`() throws {
        var record = MetricRecord()
        record.add("CacheHit", 1)
        let json = try JSON(record.line(at: FakeClock.start, requestID: nil))
        #expect(json["_aws"]?["CloudWatchMetrics"]?[0]?["Dimensions"] == [[]])
        #expect(json["requestId"] == nil)
    }
}
