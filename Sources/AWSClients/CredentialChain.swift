import AWSSigning
package import HTTPTransport
package import Support
import Telemetry

extension CredentialSource {
    /// The usual chain: the environment's key pair, then the profile files, then the container's endpoint.
    ///
    /// - Parameter caller: Makes the AssumeRole call of a profile with a role, given the source profile's credentials.
    package static func chain(
        environment: [String: String],
        http: HTTPClient,
        clock: WallClock = .system,
        caller: @escaping @Sendable (CredentialSource) -> AWSCaller
    ) -> CredentialSource {
        // In Lambda this is all that happens: the files are looked for only without it.
        if let own = environmentCredentials(environment) { return .fixed(own) }
        let cache = CredentialCache(clock: clock) { context async throws(CredentialError) in
            let files = ProfileFiles(environment: environment)
            if files.entry(files.selected) != nil {
                return try await profile(files.selected, in: files, depth: 0, caller, context)
            }
            if let container = try ContainerCredentials(environment: environment) {
                return try await container.load(http, context)
            }
            throw CredentialError(
                label: "Credentials.Missing",
                description: "No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the profile "
                    + "\"\(files.selected)\" a key pair (or role_arn with source_profile) in ~/.aws. For single "
                    + "sign-on, export what `aws configure export-credentials --format env` prints."
            )
        }
        return cache.source
    }

    private static func environmentCredentials(_ environment: [String: String]) -> AWSCredentials? {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty,
            let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : Redacted($0) }
        return AWSCredentials(accessKeyID: id, secretAccessKey: Redacted(secret), sessionToken: token)
    }

    private static func profile(
        _ name: String,
        in files: ProfileFiles,
        depth: Int,
        _ caller: @Sendable (CredentialSource) -> AWSCaller,
        _ context: CallContext
    ) async throws(CredentialError) -> AWSCredentials {
        switch files.entry(name) {
        case .keys(let credentials):
            return credentials
        case .role(let arn, let externalID, let source) where depth < 4:
            let keys = try await profile(source, in: files, depth: depth + 1, caller, context)
            return try await assumeRole(arn, externalID: externalID, with: caller(.fixed(keys)), context)
        case .role, nil:
            throw CredentialError(
                label: "Credentials.Profile",
                description: "The AWS profile \"\(name)\" has no key pair, or its source_profile entries form a circle."
            )
        }
    }
}
