package import QScanner
import Support
package import Telemetry

/// The metrics of a scan, in records of one dimension set each.
package enum ScanMetrics {
    package static func finished(_ report: ScanReport) -> [MetricRecord] {
        var record = MetricRecord()
        record.add(report.outcome == .partial ? "ScanPartial" : "ScanSuccess", 1)
        record.add("ScanDuration", report.duration.inSeconds, .seconds)
        let severities = (report.severities?.byName ?? []).map { name, count in
            var record = MetricRecord(dimensions: [(name: "Severity", value: name)])
            record.add("Vulnerabilities", Double(count))
            return record
        }
        return [record] + severities
    }

    package static var failed: [MetricRecord] { one("ScanFailure") }

    package static var cached: [MetricRecord] { one("CacheHit") }

    private static func one(_ name: String) -> [MetricRecord] {
        var record = MetricRecord()
        record.add(name, 1)
        return [record]
    }
}
