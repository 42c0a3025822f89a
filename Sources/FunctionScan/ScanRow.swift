import AWSClients
import QScanner
import Support

/// The attributes that a finished scan leaves in the cache table, besides its key.
enum ScanRow {
    /// A partial result is not trusted for longer than this.
    private static let longestPartial = Duration.seconds(86400)

    /// What not every scan has.
    static let optional = ["last_modified", "results", "runtime"]

    /// - Parameter ttl: For how long the scan counts.
    static func attributes(_ scan: FinishedScan, ttl: Duration) -> DynamoDBItem {
        let lifetime = scan.report.outcome == .partial ? min(ttl, longestPartial) : ttl
        var row: DynamoDBItem = [
            "code_sha256": .text(scan.code.codeSHA256),
            "layers_sha256": .text(scan.code.layersSHA256),
            "scan_timestamp": .text(scan.timestamp.iso8601),
            "scan_status": .text(scan.status),
            "function_name": .text(scan.function.name),
            "package_type": .text(scan.description.packageType.rawValue),
            "ttl": .number((scan.timestamp + lifetime).seconds),
        ]
        row["runtime"] = scan.description.runtime.map { .text($0) }
        row["last_modified"] = scan.description.lastModified.map { .text($0) }
        row["results"] = scan.results.map { .text($0) }
        return row
    }
}
