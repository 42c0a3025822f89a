import Logging
import Support
import Testing

@testable import Application

@Suite struct SettingsTests {
    private static let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:qualys-AbCdEf"
    private static let needed = ["AWS_REGION": "eu-west-1", "QUALYS_SECRET_ARN": secret]

    private func settings(_ more: [String: String] = [:]) throws(SettingsError) -> Settings {
        try Settings(environment: Self.needed.merging(more) { $1 })
    }

    private func fault(_ name: String, _ value: String) -> SettingsError? {
        #expect(throws: SettingsError.self) { try settings([name: value]) }
    }

    @Test(arguments: [true, false])
    func `What is not set, or empty, has its default`(isEmpty: Bool) throws {
        let names = [
            "QSCANNER_PATH", "SCAN_TYPES", "SCAN_TIMEOUT", "RESULTS_S3_BUCKET", "SNS_TOPIC_ARN", "SCAN_CACHE_TABLE",
            "CACHE_TTL_DAYS", "ENABLE_TAGGING", "CROSS_ACCOUNT_ROLE_NAME", "SCANNER_EXTERNAL_ID", "QUALYS_API_URL",
            "QUALYS_GATEWAY_URL", "S3_BUCKET_NAME", "S3_KEY_PREFIX", "MAX_WORKERS", "LOG_LEVEL",
        ]
        let settings = try settings(isEmpty ? Dictionary(uniqueKeysWithValues: names.map { ($0, "") }) : [:])
        #expect(settings.region == "eu-west-1")
        #expect(settings.qualysSecretARN == Self.secret)
        #expect(settings.qscannerPath == "/opt/bin/qscanner")
        #expect(settings.scanTypes == "pkg,secret")
        #expect(settings.scanTimeout == .seconds(300))
        #expect(settings.resultsBucket == nil)
        #expect(settings.topicARN == nil)
        #expect(settings.cacheTable == nil)
        #expect(settings.cacheTTL == .seconds(30 * 86400))
        #expect(settings.isTagging)
        #expect(settings.crossAccountRoleName == nil)
        #expect(settings.scannerExternalID == nil)
        #expect(settings.qualysAPIURL == nil)
        #expect(settings.qualysGatewayURL == nil)
        #expect(settings.exportBucket == nil)
        #expect(settings.exportPrefix == "")
        #expect(settings.maxWorkers == 5)
        #expect(settings.logLevel == .info)
    }

    @Test func `Every setting is read`() throws {
        let settings = try settings([
            "QSCANNER_PATH": "/x/qscanner", "SCAN_TYPES": "pkg", "SCAN_TIMEOUT": "60", "RESULTS_S3_BUCKET": "r.e-s",
            "SNS_TOPIC_ARN": "arn:aws-us-gov:sns:us-gov-west-1:123456789012:scans", "SCAN_CACHE_TABLE": "cache_1.x",
            "CACHE_TTL_DAYS": "7", "ENABLE_TAGGING": "False", "CROSS_ACCOUNT_ROLE_NAME": "path/Spoke+=,.@-_",
            "SCANNER_EXTERNAL_ID": "a:b/c", "QUALYS_API_URL": "https://api.example", "LOG_LEVEL": "WARN",
            "QUALYS_GATEWAY_URL": "http://127.0.0.1:8080/x", "S3_BUCKET_NAME": "exports", "S3_KEY_PREFIX": "a/ü/",
            "MAX_WORKERS": "64",
        ])
        #expect(settings.qscannerPath == "/x/qscanner")
        #expect(settings.scanTypes == "pkg")
        #expect(settings.scanTimeout == .seconds(60))
        #expect(settings.resultsBucket == "r.e-s")
        #expect(settings.topicARN == "arn:aws-us-gov:sns:us-gov-west-1:123456789012:scans")
        #expect(settings.cacheTable == "cache_1.x")
        #expect(settings.cacheTTL == .seconds(7 * 86400))
        #expect(!settings.isTagging)
        #expect(settings.crossAccountRoleName == "path/Spoke+=,.@-_")
        #expect(settings.scannerExternalID == "a:b/c")
        #expect(settings.qualysAPIURL == "https://api.example")
        #expect(settings.qualysGatewayURL == "http://127.0.0.1:8080/x")
        #expect(settings.exportBucket == "exports")
        #expect(settings.exportPrefix == "a/ü/")
        #expect(settings.maxWorkers == 64)
        #expect(settings.logLevel == .warning)
    }

    @Test func `Exports go into the results' bucket unless they have their own`() throws {
        #expect(try settings(["RESULTS_S3_BUCKET": "results"]).exportBucket == "results")
    }

    @Test func `The region is AWS's variable, its old one, or the profile's`() throws {
        let secret = ["QUALYS_SECRET_ARN": Self.secret]
        #expect(try settings(["AWS_DEFAULT_REGION": "us-east-1"]).region == "eu-west-1")
        let old = secret.merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 }
        #expect(try Settings(environment: old, region: "us-east-2").region == "us-east-1")
        #expect(try Settings(environment: secret, region: "us-east-2").region == "us-east-2")
        #expect(throws: SettingsError.self) { try Settings(environment: secret) }
    }

    @Test func `The secret is needed only where Qualys is`() throws {
        #expect(try Settings(environment: ["AWS_REGION": "eu-west-1"], needsSecret: false).qualysSecretARN == nil)
        let error = #expect(throws: SettingsError.self) { try Settings(environment: ["AWS_REGION": "eu-west-1"]) }
        #expect(error?.description == "Settings: QUALYS_SECRET_ARN is not set.")
    }

    private static let wrong = [
        "AWS_REGION": "hunter2!", "QUALYS_SECRET_ARN": "hunter2", "QSCANNER_PATH": "hunter2", "SCAN_TYPES": "hunter2,,",
        "SCAN_TIMEOUT": "hunter2", "RESULTS_S3_BUCKET": "Hunter2", "SNS_TOPIC_ARN": "hunter2",
        "SCAN_CACHE_TABLE": "hunter2 ", "CACHE_TTL_DAYS": "hunter2", "ENABLE_TAGGING": "hunter2",
        "CROSS_ACCOUNT_ROLE_NAME": "hunter2;", "SCANNER_EXTERNAL_ID": "hunter2 ", "QUALYS_API_URL": "hunter2",
        "QUALYS_GATEWAY_URL": "http://hunter2", "S3_BUCKET_NAME": "hunter2/", "S3_KEY_PREFIX": "hunter2\n",
        "MAX_WORKERS": "hunter2", "LOG_LEVEL": "hunter2",
    ]

    @Test func `All that is wrong is said at once, each once, and no value is shown`() throws {
        let error = try #require(
            #expect(throws: SettingsError.self) { try Settings(environment: Self.wrong) }
        )
        #expect(error.label == "Settings.Invalid")
        #expect(error.faults.map(\.name).sorted() == Self.wrong.keys.sorted())
        #expect(!error.description.lowercased().contains("hunter2"))
        for name in Self.wrong.keys { #expect(error.description.contains("\(name) must be ")) }
    }

    @Test(arguments: wrong.keys.sorted())
    func `A wrong setting is named with what is expected`(_ name: String) throws {
        let error = try #require(fault(name, Self.wrong[name] ?? ""))
        #expect(error.faults.map(\.name) == [name])
        #expect(error.description.hasPrefix("Settings: \(name) must be "))
    }

    @Test(arguments: [
        ("SCAN_TIMEOUT", "0"), ("SCAN_TIMEOUT", "7201"), ("SCAN_TIMEOUT", "-1"), ("SCAN_TIMEOUT", "+5"),
        ("SCAN_TIMEOUT", "5.5"), ("SCAN_TIMEOUT", " 5"), ("SCAN_TIMEOUT", "٥"),
        ("SCAN_TIMEOUT", "99999999999999999999"),
        ("CACHE_TTL_DAYS", "0"), ("CACHE_TTL_DAYS", "3651"), ("MAX_WORKERS", "0"), ("MAX_WORKERS", "65"),
        ("QUALYS_SECRET_ARN", "arn:aws:sns:eu-west-1:123456789012:x"),
        ("QUALYS_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:1234:secret:x"),
        ("SNS_TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:"), ("QSCANNER_PATH", "/opt/q s"),
        ("QUALYS_API_URL", "https://u:p@api.example"), ("QUALYS_API_URL", "https://api.example/?x"),
        ("QUALYS_API_URL", "http://localhost.evil.example"), ("QUALYS_API_URL", "http://127.0.0.1.evil.example"),
        ("CROSS_ACCOUNT_ROLE_NAME", "/Spoke"), ("SCAN_TYPES", "--help"), ("SCAN_TYPES", "pkg secret"),
        ("RESULTS_S3_BUCKET", "a..b"), ("RESULTS_S3_BUCKET", "ab"), ("SCANNER_EXTERNAL_ID", "a"),
    ])
    func `A value at the edge or of an odd form is refused`(_ name: String, _ value: String) {
        #expect(fault(name, value)?.faults.map(\.name) == [name])
    }

    @Test(arguments: [
        ("true", true), ("1", true), ("Yes", true), ("ON", true), ("false", false), ("0", false), ("no", false),
        ("Off", false),
    ])
    func `A truth may be said in several ways`(_ text: String, _ truth: Bool) throws {
        #expect(try settings(["ENABLE_TAGGING": text]).isTagging == truth)
    }

    @Test(arguments: [
        ("trace", Logger.Level.trace), ("DEBUG", .debug), ("Info", .info), ("notice", .notice), ("warning", .warning),
        ("warn", .warning), ("error", .error), ("FATAL", .critical), ("critical", .critical),
    ])
    func `Levels go by swift-log's names and Lambda's`(_ text: String, _ level: Logger.Level) throws {
        #expect(try settings(["LOG_LEVEL": text]).logLevel == level)
    }
}
