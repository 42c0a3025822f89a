import AWSClients
import Application
import Glibc
import HTTPTransport
import QualysAPI
import Support
import Telemetry

/// What `doctor` looks at, one by one, and what it says of it.
enum Diagnosis {
    enum Finding: Sendable {
        case passed(String)
        case failed(String)
        /// Switched off, so that there is nothing to check.
        case notUsed(String)
    }

    struct Check: Sendable {
        let name: String
        fileprivate let body: @Sendable (Application, CallContext) async throws -> Finding

        /// Fails only when it is interrupted.
        func run(_ application: Application, _ context: CallContext) async throws(CancellationError) -> Finding {
            do {
                return try await body(application, context)
            } catch {
                if Task.isCancelled { throw CancellationError() }
                return .failed(describe(error).description)
            }
        }
    }

    /// - Parameter account: Where to try the cross-account role.
    static func checks(account: String?) -> [Check] {
        [
            Check(name: "credentials", body: credentials),
            Check(name: "secret", body: secret),
            Check(name: "role") { application, context in try await role(in: account, application, context) },
            Check(name: "bucket", body: bucket),
            Check(name: "table", body: table),
            Check(name: "topic", body: topic),
            Check(name: "qscanner", body: qscanner),
            Check(name: "qualys", body: qualys),
        ]
    }

    private static func credentials(_ application: Application, _ context: CallContext) async throws -> Finding {
        let identity = try await STSClient(application.own).callerIdentity(context)
        return .passed("Calls are made as \(identity.arn).")
    }

    private static func secret(_ application: Application, _ context: CallContext) async throws -> Finding {
        let secret = try await application.secrets.secret(context)
        let pod = application.settings.qualysGatewayURL == nil ? try secret.platform().pod : "QUALYS_GATEWAY_URL"
        let hasAccount = secret[optional: "qualys_username"] != nil && secret[optional: "qualys_password"] != nil
        if hasAccount, secret[optional: "qualys_access_token"] == nil {
            return .passed(
                "It has an account for the jobs on \(pod); no qualys_access_token: no function can be scanned."
            )
        }
        _ = try secret.required("qualys_access_token")
        return .passed(
            "It has a token for \(pod)" + (hasAccount ? " and an account for the jobs." : "; no account for the jobs.")
        )
    }

    private static func role(
        in account: String?,
        _ application: Application,
        _ context: CallContext
    ) async throws -> Finding {
        guard let name = application.settings.crossAccountRoleName else {
            return .notUsed("CROSS_ACCOUNT_ROLE_NAME is not set: only this account is scanned.")
        }
        guard let account else { return .notUsed("Name an account with --account to try the role \(name) there.") }
        let partition = AWSPartition(region: application.settings.region).rawValue
        let arn = "arn:\(partition):iam::\(account):role/\(name)"
        _ = try await STSClient(application.own).assumeRole(
            arn,
            sessionName: "qualysctl-doctor",
            externalID: application.settings.scannerExternalID,
            context
        )
        return .passed("\(arn) can be assumed.")
    }

    /// That of the results and that of the jobs.
    private static func bucket(_ application: Application, _ context: CallContext) async throws -> Finding {
        let settings = application.settings
        let buckets = Set([settings.resultsBucket, settings.exportBucket].compactMap { $0 }).sorted()
        guard !buckets.isEmpty else {
            return .notUsed("RESULTS_S3_BUCKET and S3_BUCKET_NAME are not set: results are not stored.")
        }
        for bucket in buckets {
            if let fault = try await fault(of: bucket, application, context) { return fault }
        }
        return .passed(buckets.map { "\($0) is there." }.joined(separator: " "))
    }

    private static func fault(
        of bucket: String,
        _ application: Application,
        _ context: CallContext
    ) async throws -> Finding? {
        do {
            try await S3Client(application.own).checkBucket(bucket, context)
            return nil
        } catch {
            // The answer to HEAD has no body that could say it.
            switch error.status {
            case 404: return .failed("There is no bucket \(bucket).")
            case 403: return .failed("\(bucket) may not be used by these credentials.")
            case 301, 400: return .failed("\(bucket) is in another region than \(application.settings.region).")
            default: throw error
            }
        }
    }

    private static func table(_ application: Application, _ context: CallContext) async throws -> Finding {
        guard let table = application.settings.cacheTable else {
            return .notUsed("SCAN_CACHE_TABLE is not set: every event is scanned.")
        }
        let keys = try await DynamoDBClient(application.own).keyNames(table: table, context)
        guard keys == ["function_arn"] else {
            return .failed("\(table) has the key \(keys.joined(separator: ", ")); it must be function_arn alone.")
        }
        return .passed("\(table) is there, with the key function_arn.")
    }

    private static func topic(_ application: Application, _ context: CallContext) async throws -> Finding {
        guard let topic = application.settings.topicARN else {
            return .notUsed("SNS_TOPIC_ARN is not set: nobody is told.")
        }
        try await SNSClient(application.own).checkTopic(topic, context)
        return .passed("\(topic) is there.")
    }

    /// Signs in as the jobs do.
    private static func qualys(_ application: Application, _ context: CallContext) async throws -> Finding {
        guard let secret = try? await application.secrets.secret(context) else {
            return .notUsed("The secret cannot be read.")
        }
        guard secret[optional: "qualys_username"] != nil else {
            return .notUsed("The secret has no qualys_username: no job can run.")
        }
        let call = QualysCall(.about, method: "GET", path: "/msp/about.php", attempts: 2)
        try await application.qualys.send(call, context) {
            AnswerReceiver(sink: .collect(limit: 1 << 20)) { (response: HTTPResponse) throws(AnswerFault) in
                guard String(decoding: response.body, as: UTF8.self).contains("<ABOUT") else {
                    throw .error(response.body)
                }
            }
        }
        return .passed("Qualys takes the account of the jobs.")
    }

    private static func qscanner(_ application: Application, _ context: CallContext) async throws -> Finding {
        let path = application.settings.qscannerPath
        guard access(path, F_OK) == 0 else { return .failed("There is no file at QSCANNER_PATH (\(path)).") }
        guard access(path, X_OK) == 0 else { return .failed("\(path) may not be executed (chmod +x).") }
        return .passed("\(path) is there and may be executed.")
    }
}
