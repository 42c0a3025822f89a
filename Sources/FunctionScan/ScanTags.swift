import QScanner
import Support

/// The tags that a scan leaves on the function. Names that users and their policies rely on.
enum ScanTags {
    static func finished(_ scan: FinishedScan) -> [(name: String, value: String)] {
        var tags = tags(status: scan.status, at: scan.timestamp)
        if let tag = scan.report.tag { tags.append((name: "QualysScanTag", value: tag)) }
        return tags
    }

    static func failed(at now: Timestamp) -> [(name: String, value: String)] {
        tags(status: "failed", at: now)
    }

    private static func tags(status: String, at time: Timestamp) -> [(name: String, value: String)] {
        [(name: "QualysScanTimestamp", value: time.iso8601), (name: "QualysScanStatus", value: status)]
    }
}
