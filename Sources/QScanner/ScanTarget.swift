package import Support

/// The function to scan and what is needed for it.
package struct ScanTarget: Sendable {
    package var functionARN: String

    /// The function's region: QScanner looks for it nowhere else.
    package var region: String

    /// Keys of the function's account: in a hub the spoke role's.
    package var keys: AWSKeys
    package var platform: ScanDestination
    package var token: Redacted
    package var registry: RegistryCredentials?

    package init(
        functionARN: String,
        region: String,
        keys: AWSKeys,
        platform: ScanDestination,
        token: Redacted,
        registry: RegistryCredentials? = nil
    ) {
        self.functionARN = functionARN
        self.region = region
        self.keys = keys
        self.platform = platform
        self.token = token
        self.registry = registry
    }
}

package struct AWSKeys: Sendable, Hashable {
    package var accessKeyID: Redacted
    package var secretAccessKey: Redacted
    package var sessionToken: Redacted?

    package init(accessKeyID: Redacted, secretAccessKey: Redacted, sessionToken: Redacted?) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// Credentials of a private container registry; each part is optional.
package struct RegistryCredentials: Sendable, Hashable {
    package var username: String?
    package var password: Redacted?
    package var token: Redacted?

    package init(username: String? = nil, password: Redacted? = nil, token: Redacted? = nil) {
        self.username = username
        self.password = password
        self.token = token
    }
}

/// Where QScanner sends what it found.
package enum ScanDestination: Sendable, Hashable {
    /// A shared platform by its name, such as `US2`.
    case pod(String)
    /// A private platform by the address of its gateway.
    case gateway(String)

    var arguments: [String] {
        switch self {
        case .pod(let name): ["--pod", name]
        case .gateway(let address): ["--gateway-url", address]
        }
    }
}
