package import Support

/// Who signs in to Qualys, and where. Credentials go to these two addresses only.
package struct QualysAccount: Sendable, Equatable {
    package let username: Redacted
    package let password: Redacted

    /// Base addresses, without a slash at the end.
    package let apiURL: String
    package let gatewayURL: String

    package init(username: Redacted, password: Redacted, apiURL: String, gatewayURL: String) {
        self.username = username
        self.password = password
        self.apiURL = withoutSlash(apiURL)
        self.gatewayURL = withoutSlash(gatewayURL)
    }

    /// - Parameters:
    ///   - apiURL: In place of the pod's, for private platforms.
    ///   - gatewayURL: The same for the gateway.
    /// - Throws: When a field that is needed is missing; the pod is when an address is not given.
    package init(secret: QualysSecret, apiURL: String?, gatewayURL: String?) throws(QualysSecretError) {
        let username = try secret.required("qualys_username")
        let password = try secret.required("qualys_password")
        if let apiURL, let gatewayURL {
            self.init(username: username, password: password, apiURL: apiURL, gatewayURL: gatewayURL)
        } else {
            let platform = try secret.platform()
            self.init(
                username: username,
                password: password,
                apiURL: apiURL ?? platform.apiURL,
                gatewayURL: gatewayURL ?? platform.gatewayURL
            )
        }
    }

    /// The value of `Authorization` for all but the gateway (RFC 7617, in UTF-8).
    var basicAuthorization: String {
        "Basic " + base64Text("\(username.exposed):\(password.exposed)".utf8)
    }
}

private func withoutSlash(_ url: String) -> String {
    url.hasSuffix("/") ? String(url.dropLast()) : url
}
