import AWSClients
import Application
import ArgumentParser
import Jobs
import QualysAPI
import Support

/// What the commands of all jobs take.
struct JobOptions: ParsableArguments {
    @Option(help: "Where to write: a folder, or s3://bucket/prefix. By default S3_BUCKET_NAME and S3_KEY_PREFIX.")
    var output: String?

    @Option(help: "Seconds for all of it. A job that does not get done goes on at the next start.")
    var timeout = 86400

    func validate() throws {
        guard (10...604_800).contains(timeout) else { throw ValidationError("--timeout is 10 to 604800 seconds.") }
        if let output, output.isEmpty || output == "s3://" || output.hasPrefix("s3:///") {
            throw ValidationError("--output is a folder, or s3://bucket/prefix.")
        }
    }

    /// Whether nothing of AWS is needed: the output is a folder and the account is in the environment.
    func isLocal(_ environment: [String: String]) -> Bool {
        output.map { !$0.hasPrefix("s3://") } ?? false
    }

    /// The output, with the job's state beside it.
    func places(_ job: JobName, _ application: Application) -> @Sendable (String) throws -> JobPlaces {
        let (output, settings, own) = (output, application.settings, application.own)
        return { scratch in
            guard let place = output ?? settings.exportBucket.map({ "s3://\($0)/\(settings.exportPrefix)" }) else {
                throw ValidationError(
                    "Say where to write: --output FOLDER, --output s3://bucket/prefix, or S3_BUCKET_NAME."
                )
            }
            guard place.hasPrefix("s3://") else {
                let folder = place.hasSuffix("/") ? place : place + "/"
                return JobPlaces(output: .folder(folder), state: .file("\(folder)state/\(job.rawValue).json"))
            }
            let path = place.dropFirst("s3://".count)
            let bucket = path.prefix { $0 != "/" }
            let prefix = path.dropFirst(bucket.count + 1)
            let target = JobOutput.s3(bucket: String(bucket), prefix: String(prefix), client: S3Client(own))
            return JobPlaces(output: target, state: .object(job, in: target, scratch: scratch))
        }
    }
}

extension QualysAccount {
    /// The account in a shell's environment: `QUALYS_USERNAME` and `QUALYS_PASSWORD`, with `QUALYS_POD` or the addresses.
    /// Nil when there is none, and a secret is named.
    ///
    /// - Parameter pod: Where nothing says which platform it is on.
    /// - Throws: When the account is there in part, or nothing says who signs in.
    init?(environment: [String: String], pod defaultPod: String) throws(ValidationError) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let (username, password) = (value("QUALYS_USERNAME", "q_username"), value("QUALYS_PASSWORD", "q_password"))
        guard let username, let password else {
            if username == nil, password == nil, value("QUALYS_SECRET_ARN") != nil { return nil }
            let missing = [username == nil ? "QUALYS_USERNAME" : nil, password == nil ? "QUALYS_PASSWORD" : nil]
            throw ValidationError(
                "Set \(missing.compactMap { $0 }.joined(separator: " and ")), or QUALYS_SECRET_ARN alone for the secret's account."
            )
        }
        let pod = value("QUALYS_POD") ?? defaultPod
        guard let platform = QualysPlatform(pod: pod) else {
            throw ValidationError("QUALYS_POD is none of \(QualysPlatform.names.joined(separator: ", ")).")
        }
        self.init(
            username: Redacted(username),
            password: Redacted(password),
            apiURL: value("QUALYS_API_URL") ?? value("q_api_fqdn_server").map { "https://\($0)" } ?? platform.apiURL,
            gatewayURL: value("QUALYS_GATEWAY_URL") ?? value("q_gateway_fqdn_server").map { "https://\($0)" }
                ?? platform.gatewayURL
        )
    }
}
