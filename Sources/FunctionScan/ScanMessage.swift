import AWSClients
import QScanner
import Support

/// What is published to the SNS topic: a summary, always far below the limit of 256 KB, because nothing in it grows
/// with the findings.
struct ScanMessage {
    let scan: FinishedScan

    var subject: String {
        // SNS takes at most 100 characters of ASCII.
        String("Qualys scan \(scan.status): \(scan.function.name)".prefix(100))
    }

    var json: String {
        var json = JSONWriter(reservingCapacity: 1024)
        json.object { json in
            json.member("function_name", scan.function.name)
            json.member("function_arn", scan.function.description)
            json.member("account_id", scan.function.account)
            json.member("region", scan.function.region)
            json.member("code_sha256", scan.code.codeSHA256)
            json.member("scan_timestamp", scan.timestamp.iso8601)
            json.member("scan_status", scan.status)
            json.key("results")
            if let results = scan.results { json.value(results) } else { json.null() }
            json.member("vulnerability_summary", scan.report.severities)
            json.member(orNull: "secrets_found", scan.report.secretsFound)
        }
        return json.text
    }

    /// By which a subscription's filter policy chooses.
    var attributes: [(name: String, value: String)] {
        [
            (name: "scan_status", value: scan.status),
            (name: "max_severity", value: scan.report.severities.map { $0.highest ?? "none" } ?? "unknown"),
            (name: "account_id", value: scan.function.account),
            (name: "region", value: scan.function.region),
        ]
    }
}
