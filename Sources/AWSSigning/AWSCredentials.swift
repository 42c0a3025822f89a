package import Support

/// A key pair that signs, with its session token when it is a temporary one.
package struct AWSCredentials: Sendable, Hashable {
    package var accessKeyID: String
    package var secretAccessKey: Redacted
    package var sessionToken: Redacted?

    /// When they stop being accepted; nil for a key pair that does not expire or does not say.
    package var expiration: Timestamp?

    package init(
        accessKeyID: String,
        secretAccessKey: Redacted,
        sessionToken: Redacted? = nil,
        expiration: Timestamp? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }
}
