package import Logging
import Support

/// The settings of both programs, read once from the environment. Empty is the same as unset.
package struct Settings: Sendable {
    package var region: String
    package var qualysSecretARN: String?
    package var qscannerPath: String
    package var scanTypes: String
    package var scanTimeout: Duration
    package var resultsBucket: String?
    package var topicARN: String?
    package var cacheTable: String?
    package var cacheTTL: Duration
    package var isTagging: Bool
    package var crossAccountRoleName: String?
    package var scannerExternalID: String?
    package var qualysAPIURL: String?
    package var qualysGatewayURL: String?
    package var exportBucket: String?
    package var exportPrefix: String
    package var maxWorkers: Int
    package var logLevel: Logger.Level

    /// Attempts at one AWS call, the first included.
    package var maxAttempts: Int

    /// - Parameters:
    ///   - region: What the profile files say, for a person's shell.
    ///   - needsSecret: False for what can do without it.
    ///   - needsRegion: False for what can do without AWS.
    /// - Throws: All that is wrong, at once.
    package init(
        environment: [String: String],
        region profileRegion: String? = nil,
        needsSecret: Bool = true,
        needsRegion: Bool = true
    ) throws(SettingsError) {
        var reader = SettingsReader(environment: environment)

        region =
            reader.text("AWS_REGION", .region)
            ?? reader.text("AWS_DEFAULT_REGION", .region)
            ?? profileRegion
            ?? ""
        if needsRegion, region.isEmpty, !reader.isFaulty("AWS_REGION"), !reader.isFaulty("AWS_DEFAULT_REGION") {
            reader.missing("AWS_REGION")
        }
        qualysSecretARN = reader.text("QUALYS_SECRET_ARN", .secretARN)
        if needsSecret, qualysSecretARN == nil, !reader.isFaulty("QUALYS_SECRET_ARN") {
            reader.missing("QUALYS_SECRET_ARN")
        }
        qscannerPath = reader.text("QSCANNER_PATH", .absolutePath) ?? "/opt/bin/qscanner"
        scanTypes = reader.text("SCAN_TYPES", .scanTypes) ?? "pkg,secret"
        scanTimeout = .seconds(reader.number("SCAN_TIMEOUT", 1...7200) ?? 300)
        resultsBucket = reader.text("RESULTS_S3_BUCKET", .bucket)
        topicARN = reader.text("SNS_TOPIC_ARN", .topicARN)
        cacheTable = reader.text("SCAN_CACHE_TABLE", .table)
        cacheTTL = .seconds((reader.number("CACHE_TTL_DAYS", 1...3650) ?? 30) * 86400)
        isTagging = reader.truth("ENABLE_TAGGING") ?? true
        crossAccountRoleName = reader.text("CROSS_ACCOUNT_ROLE_NAME", .roleName)
        scannerExternalID = reader.text("SCANNER_EXTERNAL_ID", .externalID)
        qualysAPIURL = reader.text("QUALYS_API_URL", .url)
        qualysGatewayURL = reader.text("QUALYS_GATEWAY_URL", .url)
        exportBucket = reader.text("S3_BUCKET_NAME", .bucket) ?? resultsBucket
        exportPrefix = reader.text("S3_KEY_PREFIX", .keyPrefix) ?? ""
        maxWorkers = reader.number("MAX_WORKERS", 1...64) ?? 5
        logLevel = reader.level("LOG_LEVEL") ?? .info
        maxAttempts = reader.number("AWS_MAX_ATTEMPTS", 1...20) ?? 8
        guard reader.faults.isEmpty else { throw SettingsError(faults: reader.faults) }
    }
}

/// All that is wrong with the settings.
package struct SettingsError: Failure, Equatable {
    package struct Fault: Sendable, Equatable {
        package let name: String

        /// What is expected; never the value, which may be a secret that was pasted into the wrong field.
        package let expected: String
    }

    package let faults: [Fault]

    package var label: String { "Settings.Invalid" }

    package var description: String {
        "Settings: " + faults.map { "\($0.name) \($0.expected)" }.joined(separator: "; ") + "."
    }
}
