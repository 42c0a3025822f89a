import Support

extension JSONRedactor.Rules {
    /// The ceiling of texts that are searched for, in bytes: the search keeps about 400 bytes for each.
    private static let textsCeiling = 16 * 1024

    /// How QScanner's files are cleaned before they are stored.
    ///
    /// - Parameters:
    ///   - secrets: What QScanner was given: none of it may come back out.
    ///   - texts: Texts about the secrets that were found; nil when they are not known.
    static func storing(secrets: [Redacted], secretTexts texts: Set<String>?) -> JSONRedactor.Rules {
        var rules = JSONRedactor.Rules(
            replacements: Dictionary(uniqueKeysWithValues: hiddenMembers.map { ($0, "\"\(Redacted.text)\"") }),
            secrets: secrets
        )
        // Of the source around a finding (SARIF 2.1.0 section 3.30.13), as an object, which it has to be.
        rules.replacements["snippet"] = hiddenMessage
        rules.markers = ["X-Amz-Signature=", "X-Amz-Credential=", "X-Amz-Security-Token="]
        rules.markers += rules.markers.map { $0.lowercased() }
        if let texts, texts.reduce(0, { $0 + $1.utf8.count }) <= textsCeiling {
            rules.strings = texts.map { Redacted($0) }
        } else {
            // Rather no help texts at all than a secret in one of them.
            for member in ["message", "help", "shortdescription", "fulldescription"] {
                rules.replacements[member] = hiddenMessage
            }
        }
        return rules
    }

    private static let hiddenMessage = "{\"text\":\"\(Redacted.text)\"}"

    /// Members that hold secrets by their purpose.
    private static let hiddenMembers = [
        // A secret that was found, and the lines of source around it.
        "match", "rawmatch", "code",
        // How QScanner signed in to registries and to Qualys; its options are copied into its results.
        "registryoptions", "registrycredentials", "auth", "auths", "identitytoken", "credentials", "authorization",
        "accesstoken", "access_token",
        "access-token", "registrytoken", "sessiontoken", "session_token", "secretaccesskey", "secret_access_key",
        // An image's variables (OCI image configuration, `config.Env`) are where people put secrets.
        "env",
        // The common names of secrets.
        "password", "passwd", "passphrase", "secret", "clientsecret", "client_secret", "token", "apikey", "api_key",
        "api-key", "privatekey", "private_key",
    ]
}
