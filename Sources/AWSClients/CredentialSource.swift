package import AWSSigning
import Support
package import Telemetry

/// Where credentials come from.
package struct CredentialSource: Sendable {
    /// The credentials to sign with now.
    package var get: @Sendable (CallContext) async throws(CredentialError) -> AWSCredentials

    /// Told that AWS refused these credentials as expired; returns whether `get` may now give others.
    package var forget: @Sendable (AWSCredentials) async -> Bool

    package init(
        get: @escaping @Sendable (CallContext) async throws(CredentialError) -> AWSCredentials,
        forget: @escaping @Sendable (AWSCredentials) async -> Bool
    ) {
        self.get = get
        self.forget = forget
    }

    /// The same credentials for ever.
    package static func fixed(_ credentials: AWSCredentials) -> CredentialSource {
        CredentialSource(get: { _ in credentials }, forget: { _ in false })
    }
}

/// No credentials could be had.
package struct CredentialError: Failure {
    package let label: String
    package let description: String

    package init(label: String, description: String) {
        self.label = label
        self.description = description
    }
}
