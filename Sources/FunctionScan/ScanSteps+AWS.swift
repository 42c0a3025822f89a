package import AWSClients
package import HTTPTransport
package import Logging
package import QScanner
package import QualysAPI
import Support
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
        let scannerRun = ScannerRun(
            scanner: scanner,
            secrets: secrets,
            access: access,
            gatewayURL: settings.gatewayURL
        )
        var steps = ScanSteps(
            describe: { function, role, context in
                try await LambdaClient(access.caller(for: function, role)).function(function.description, context)
            },
            checkPackage: { description, context in try await packageCheck.run(description, context) },
            runScanner: { function, role, scratch, context in
                try await scannerRun(function, role, scratch, context)
            },
            forgetSecret: { await secrets.forget() },
            makeScratch: { try scratch.make() },
            removeScratch: { scratch.remove($0) },
            emit: emit
        )
        if let table = settings.cacheTable {
            let cache = ScanCache(table: table, ttl: settings.cacheTTL, client: DynamoDBClient(own))
            steps.claim = { claim, context in try await cache.take(claim, context) }
            steps.record = { claim, scan, context in try await cache.record(claim, scan, context) }
            steps.giveBack = { claim, context in try await cache.giveBack(claim, context) }
            steps.distrust = { function, owner, context in
                try await cache.distrust(function, owner: owner, context)
            }
        }
        if let bucket = settings.resultsBucket {
            let store = ResultStore(bucket: bucket, client: S3Client(own))
            steps.store = { scan, context in try await store.store(scan, context) }
        }
        if let topicARN = settings.topicARN {
            steps.publish = { scan, context in
                try await ScanMessage(scan: scan).publish(to: topicARN, own, context)
            }
        }
        if settings.isTagging {
            steps.tag = { function, role, tags, context in
                try await LambdaClient(access.caller(for: function, role)).tag(function.description, tags, context)
            }
        }
        return steps
    }
}

extension ScanMessage {
    fileprivate func publish(to topicARN: String, _ own: AWSCaller, _ context: CallContext) async throws(AWSError) {
        try await SNSClient(own.inRegion(ofARN: topicARN)).publish(
            topicARN: topicARN,
            subject: subject,
            message: json,
            attributes: attributes,
            context
        )
    }
}
