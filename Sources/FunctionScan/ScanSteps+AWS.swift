package import AWSClients
package import HTTPTransport
import Logging
package import QScanner
package import QualysAPI
package import Support
package import Telemetry

/// What a function scan is set up to do.
package struct ScanSettings: Sendable {
    package var resultsBucket: String?
    package var topicARN: String?
    package var cacheTable: String?
    package var cacheTTL: Duration
    package var isTagging: Bool

    /// Of a private platform: takes the place of the pod.
    package var gatewayURL: String?

    package init(
        resultsBucket: String?,
        topicARN: String?,
        cacheTable: String?,
        cacheTTL: Duration,
        isTagging: Bool,
        gatewayURL: String?
    ) {
        self.resultsBucket = resultsBucket
        self.topicARN = topicARN
        self.cacheTable = cacheTable
        self.cacheTTL = cacheTTL
        self.isTagging = isTagging
        self.gatewayURL = gatewayURL
    }
}

/// As whom and where calls are made: with our own credentials for what is ours, with the role of the function's account
/// for what is the function's.
package struct ScanAccess: Sendable {
    private let own: AWSCaller
    private let roles: AssumedRoles

    package init(own: AWSCaller, roles: AssumedRoles) {
        self.own = own
        self.roles = roles
    }

    func caller(for function: FunctionARN, _ access: ScanDecision.Access) async -> AWSCaller {
        let regional = own.inRegion(function.region)
        switch access {
        case .own: return regional
        case .role(let arn): return regional.signing(with: await roles.credentials(of: arn))
        }
    }
}

extension ScanSteps {
    /// The real steps.
    package static func aws(
        settings: ScanSettings,
        own: AWSCaller,
        access: ScanAccess,
        http: HTTPClient,
        secrets: SecretCache,
        scanner: QScanner,
        scratch: ScratchFolders,
        emit: @escaping @Sendable ([MetricRecord], Logger) -> Void
    ) -> ScanSteps {
        let packageCheck = PackageCheck(http: http)
        let cache = settings.cacheTable.map { ScanCache(table: $0, ttl: settings.cacheTTL, client: DynamoDBClient(own)) }
        let store = settings.resultsBucket.map { ResultStore(bucket: $0, client: S3Client(own)) }
        let scannerRun = ScannerRun(
            scanner: scanner,
            secrets: secrets,
            access: access,
            gatewayURL: settings.gatewayURL
        )
        return ScanSteps(
            describe: { function, role, context in
                try await LambdaClient(access.caller(for: function, role)).function(function.description, context)
            },
            claim: cache.map { cache in { claim, context in try await cache.take(claim, context) } },
            checkPackage: { description, context in try await packageCheck.run(description, context) },
            runScanner: { function, role, scratch, context in
                try await scannerRun(function, role, scratch, context)
            },
            store: store.map { store in { scan, context in try await store.store(scan, context) } },
            publish: settings.topicARN.map { topicARN in
                { scan, context in
                    let message = ScanMessage(scan: scan)
                    // A topic is reached in its own region.
                    let region = topicARN.split(separator: ":").dropFirst(3).first.map(String.init) ?? own.region
                    try await SNSClient(own.inRegion(region)).publish(
                        topicARN: topicARN,
                        subject: message.subject,
                        message: message.json,
                        attributes: message.attributes,
                        context
                    )
                }
            },
            tag: settings.isTagging
                ? { function, role, tags, context in
                    try await LambdaClient(access.caller(for: function, role)).tag(function.description, tags, context)
                } : nil,
            record: cache.map { cache in { claim, scan, context in try await cache.record(claim, scan, context) } },
            giveBack: cache.map { cache in { claim, context in try await cache.giveBack(claim, context) } },
            forgetSecret: { await secrets.forget() },
            makeScratch: { try scratch.make() },
            removeScratch: { scratch.remove($0) },
            emit: emit
        )
    }
}
