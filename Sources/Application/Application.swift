package import AWSClients
package import FunctionScan
package import HTTPTransport
package import Logging
import QScanner
package import QualysAPI
import Support
package import Telemetry

/// The parts of both programs, put together. Nothing is called and nothing is opened before the first event needs it.
package struct Application: Sendable {
    package let settings: Settings
    package let http: HTTPClient
    package let own: AWSCaller
    package let secrets: SecretCache
    package let scratch: ScratchFolders
    package let functionScan: FunctionScan

    /// Kept from event to event: so are the limits that Qualys told, and the gateway's token.
    package let qualys: QualysClient

    /// - Parameters:
    ///   - scratchRoot: A folder of this program's own for what scans leave.
    ///   - account: Who signs in to Qualys, when that is not in the secret.
    ///   - emit: Takes metrics, with the logger of the work they are of.
    package init(
        settings: Settings,
        environment: [String: String],
        http: HTTPClient,
        scratchRoot: String,
        account: QualysAccount? = nil,
        emit: @escaping @Sendable ([MetricRecord], Logger) -> Void = Application.printMetrics
    ) {
        self.settings = settings
        self.http = http
        scratch = ScratchFolders(root: scratchRoot)

        let endpoints = AWSEndpoints(environment: environment)
        let callerWith: @Sendable (CredentialSource) -> AWSCaller = { credentials in
            AWSCaller(
                region: settings.region,
                credentials: credentials,
                endpoints: endpoints,
                http: http,
                retries: RetryPolicy(attempts: settings.maxAttempts)
            )
        }
        let own = callerWith(.chain(environment: environment, http: http, caller: callerWith))
        self.own = own
        let secretARN = settings.qualysSecretARN ?? ""
        let secrets = SecretCache { context in
            try await SecretsManagerClient(own.inRegion(ofARN: secretARN)).secretString(secretARN, context)
        }
        self.secrets = secrets
        let steps = ScanSteps.aws(
            settings: ScanSettings(
                resultsBucket: settings.resultsBucket,
                topicARN: settings.topicARN,
                cacheTable: settings.cacheTable,
                cacheTTL: settings.cacheTTL,
                isTagging: settings.isTagging,
                gatewayURL: settings.qualysGatewayURL
            ),
            own: own,
            access: ScanAccess(own: own, roles: AssumedRoles(caller: own, externalID: settings.scannerExternalID)),
            http: http,
            secrets: secrets,
            scanner: QScanner(
                settings: QScanner.Settings(
                    path: settings.qscannerPath,
                    scanTypes: settings.scanTypes,
                    timeout: settings.scanTimeout,
                    environment: environment
                )
            ),
            scratch: scratch,
            emit: emit
        )
        let sessions = QualysSessions(
            http: http,
            read: { context in
                if let account { return account }
                return try QualysAccount(
                    secret: try await secrets.secret(context),
                    apiURL: settings.qualysAPIURL,
                    gatewayURL: settings.qualysGatewayURL
                )
            },
            forget: { await secrets.forget() }
        )
        qualys = QualysClient(sessions: sessions, http: http, workers: settings.maxWorkers)
        functionScan = FunctionScan(steps: steps, crossAccountRoleName: settings.crossAccountRoleName)
    }

    /// Where this program's own folder goes. Lambda gives each environment a /tmp of its own and sets no TMPDIR; who runs
    /// several on one machine does.
    package static func temporaryFolder(_ environment: [String: String]) -> String {
        environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    /// Writes metrics between the log lines, where CloudWatch finds them.
    package static let printMetrics: @Sendable ([MetricRecord], Logger) -> Void = { records, log in
        let requestID = log[metadataKey: "requestId"].map { "\($0)" }
        for record in records {
            LineOutput.standardOutput.write(record.line(at: WallClock.system.now(), requestID: requestID))
        }
    }

    /// A logger whose lines go to standard output as JSON.
    package static func logger(level: Logger.Level) -> Logger {
        Logger(label: "qualys-lambda-scanner") { _ in
            JSONLogHandler(level: level) { LineOutput.standardOutput.write($0) }
        }
    }
}
