import AWSClients
import AWSSigning
import Foundation
import HTTPTransport
import Hashing
import QScanner
import QualysAPI
import Support
import Synchronization
import Telemetry
import TestSupport

@testable import FunctionScan

/// The AWS and the QScanner of one scan: what each call answers, and who made it.
final class FakeCloud: Sendable {
    static let package = Array("a zip".utf8)
    static let packageHash = Data(SHA256.digest(package)).base64EncodedString()
    static let scanResult = #"{"SchemaVersion":5,"SCAResults":[],"SecretResults":[]}"#
    static let sarif = """
        {"runs":[{"tool":{"driver":{"rules":[{"id":"1","properties":{"severity":5}}]}},"results":[{"ruleId":"1"}]}]}
        """

    let table = FakeDynamoDB()
    let secret = Mutex(#"{"qualys_pod":"US2","qualys_access_token":"qualys-token"}"#)

    /// `GetFunction AKID1` and so on, with the access key that signed it, or `-`.
    let calls = Journal<String>()
    let commands = Journal<QScannerCommand>()
    let metrics = Journal<MetricRecord>()

    /// What a call answers instead, by its name, until it is taken back.
    let faults = Mutex<[String: HTTPResponse]>([:])
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let name = self.name(of: request)
        calls.write("\(name) \(request.signedBy ?? "-")")
        if let fault = faults.withLock({ $0[name] }) { return fault }
        switch name {
        case "GetFunction":
            return HTTPResponse(
                200,
                """
                {"Configuration":{"FunctionName":"web","FunctionArn":"x","CodeSha256":"\(Self.packageHash)","PackageType":"Zip"},
                "Code":{"Location":"https://packages.example/web?X-Amz-Signature=presigned"}}
                """
            )
        case "package": return HTTPResponse(status: 200, body: Self.package)
        case "UpdateItem", "GetItem": return table.answer(request)
        case "GetSecretValue":
            let text = secret.withLock { $0.replacing("\"", with: "\\\"") }
            return HTTPResponse(200, "{\"SecretString\":\"\(text)\"}")
        case "AssumeRole":
            return HTTPResponse(
                200,
                """
                <R><AccessKeyId>SPOKE</AccessKeyId><SecretAccessKey>spoke-secret</SecretAccessKey>
                <SessionToken>spoke-token</SessionToken><Expiration>2026-11-21T04:00:45Z</Expiration></R>
                """
            )
        default: return HTTPResponse(200, "", headers: ["ETag": "e"])
        }
    }

    private func name(of request: HTTPRequest) -> String {
        if let target = request.headers["X-Amz-Target"]?.split(separator: ".").last { return String(target) }
        if request.url.hasPrefix("https://packages.example/") { return "package" }
        if request.url.hasPrefix("https://lambda.") { return request.method == "GET" ? "GetFunction" : "TagResource" }
        if request.url.hasPrefix("https://results.s3.") { return "PutObject" }
        let action = request.bodyText.split(separator: "&").first?.split(separator: "=").last
        return action.map(String.init) ?? "?"
    }

    /// A QScanner that finds one vulnerability.
    private var scanner: ScannerProcess {
        ScannerProcess { [commands] command, _ throws(QScannerError) in
            commands.write(command)
            let output = command.arguments.firstIndex(of: "--output-dir").map { command.arguments[$0 + 1] } ?? ""
            for (name, text) in [("ScanResult.json", Self.scanResult), ("Report.sarif.json", Self.sarif)] {
                try? text.write(toFile: "\(output)/x-\(name)", atomically: false, encoding: .utf8)
            }
            return ScannerExit(status: .exited(0), timedOut: false, duration: .seconds(2), output: OutputExcerpt())
        }
    }

    /// A warm environment of this cloud: its caches live as long as it does.
    func scan(roleName: String? = nil) -> FunctionScan {
        let clock = FakeClock().clock
        let http = HTTPClient { [self] (request: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            try await FakeHTTP([.success(answer(request))]).client.send(request, sink)
        }
        let own = AWSCaller(
            region: "eu-west-1",
            credentials: .fixed(AWSCredentials(accessKeyID: "OWN", secretAccessKey: Redacted("own-secret"))),
            endpoints: AWSEndpoints(environment: [:]),
            http: http,
            clock: clock,
            random: { 0.5 }
        )
        let settings = ScanSettings(
            resultsBucket: "results",
            topicARN: "arn:aws:sns:us-east-1:123456789012:scans",
            cacheTable: "cache",
            cacheTTL: .seconds(86400),
            isTagging: true,
            gatewayURL: nil
        )
        let parent = ["PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "own-secret", "AWS_SESSION_TOKEN": "own-token"]
        let steps = ScanSteps.aws(
            settings: settings,
            own: own,
            access: ScanAccess(own: own, roles: AssumedRoles(caller: own, externalID: "word", clock: clock)),
            http: http,
            secrets: SecretCache(clock: clock) { context in
                try await SecretsManagerClient(own).secretString("secret", context)
            },
            scanner: QScanner(
                settings: QScanner.Settings(
                    path: "/qscanner",
                    scanTypes: "pkg",
                    timeout: .seconds(300),
                    environment: parent
                ),
                process: scanner,
                clock: clock
            ),
            scratch: ScratchFolders(root: folder.path),
            emit: { [metrics] records, _ in for record in records { metrics.write(record) } }
        )
        return FunctionScan(steps: steps, crossAccountRoleName: roleName, clock: clock)
    }
}

extension HTTPRequest {
    /// The access key that signed it.
    fileprivate var signedBy: String? {
        headers["Authorization"]?.split(separator: "Credential=").last?.split(separator: "/").first.map(String.init)
    }
}
