import AWSClients
import QScanner
import Support
import Telemetry

/// Puts the results of a scan into S3:
///
///     scans/<account>/<region>/<function>/<timestamp>.json      what was found, with QScanner's ScanResult
///     scans/<account>/<region>/<function>/<timestamp>/<file>    QScanner's other files
///
/// Files of any size go through in constant memory, and without the secrets in them.
struct ResultStore: Sendable {
    let bucket: String
    let client: S3Client

    /// - Returns: The address of the first, `s3://...`.
    func store(_ scan: FinishedScan, _ context: CallContext) async throws -> String {
        let function = scan.function
        let base = "scans/\(function.account)/\(function.region)/\(function.name)/\(scan.timestamp.basicISO8601)"
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await storeDocument(scan, key: "\(base).json", context) }
            for file in scan.report.files where file.kind != .scanResult {
                group.addTask { try await store(file, scan, key: "\(base)/\(file.kind.rawValue)", context) }
            }
            try await group.waitForAll()
        }
        return "s3://\(bucket)/\(base).json"
    }

    private func storeDocument(_ scan: FinishedScan, key: String, _ context: CallContext) async throws {
        let object = object(key)
        var document = ResultDocument.head(of: scan)
        guard let file = scan.report.files.first(where: { $0.kind == .scanResult }) else {
            try await client.put(object, document + Array("}".utf8), context)
            return
        }
        document += Array(",\"scan_result\":".utf8)
        var content = try RedactedFile(
            path: file.path,
            rules: scan.report.redaction,
            before: document,
            after: Array("}".utf8)
        )
        _ = try await client.upload(object, context) { try content.next($0) }
    }

    private func store(_ file: ResultFile, _ scan: FinishedScan, key: String, _ context: CallContext) async throws {
        var content = try RedactedFile(path: file.path, rules: scan.report.redaction)
        _ = try await client.upload(object(key), context) { try content.next($0) }
    }

    private func object(_ key: String) -> S3Client.Object {
        S3Client.Object(bucket: bucket, key: key, contentType: "application/json")
    }
}

/// The document that sums a scan up.
enum ResultDocument {
    /// An object without its closing brace: QScanner's own ScanResult follows as its last member.
    static func head(of scan: FinishedScan) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: 1024)
        json.object { json in
            json.member("function_arn", scan.function.description)
            json.member("function_name", scan.function.name)
            json.member("account_id", scan.function.account)
            json.member("region", scan.function.region)
            json.member("package_type", scan.description.packageType.rawValue)
            json.member(optional: "runtime", scan.description.runtime)
            json.member(optional: "image_uri", scan.description.imageURI)
            json.member("code_sha256", scan.code.codeSHA256)
            json.member("layers_sha256", scan.code.layersSHA256)
            json.member("scan_timestamp", scan.timestamp.iso8601)
            json.member("scan_status", scan.status)
            json.member("exit_code", scan.report.exitCode)
            json.key("duration_seconds")
            json.value(scan.report.duration.inSeconds)
            json.member(optional: "qualys_scan_tag", scan.report.tag)
            json.member("vulnerabilities", scan.report.severities)
            json.member(orNull: "secrets_found", scan.report.secretsFound)
            json.key("notes")
            json.array { json in
                for note in scan.report.notes { json.value(note) }
            }
        }
        return json.bytes.dropLast()
    }
}
