package import Support

/// QScanner's command line and environment for one function.
///
///     <path> --pod <pod> --output-dir <fresh> --cache-dir <folder> --scan-types <types> lambda <function ARN>
///
/// A private platform has no pod: `--gateway-url <url>` takes its place. The token travels as a variable, because
/// everybody on the machine can read a command line (Qualys QScanner documentation, "Environment variables").
package struct QScannerCommand: Sendable {
    package let path: String
    package let arguments: [String]

    /// The whole environment. Values print as `[redacted]`: most are secrets.
    package let environment: [String: Redacted]

    /// Every value in it that must appear nowhere else.
    package let secrets: [Redacted]

    /// - Parameters:
    ///   - path: QScanner's executable.
    ///   - scanTypes: As QScanner takes them: names with commas between them.
    ///   - parent: Our own environment, of which only `passedOn` is used.
    package init(
        path: String,
        scanTypes: String,
        target: ScanTarget,
        scratch: ScanScratch,
        parent: [String: String]
    ) {
        self.path = path
        self.arguments =
            target.platform.arguments + [
                "--output-dir", scratch.output,
                "--cache-dir", scratch.cache,
                "--scan-types", scanTypes,
                "lambda", target.functionARN,
            ]

        var secrets = [
            "QUALYS_ACCESS_TOKEN": target.token,
            "AWS_ACCESS_KEY_ID": target.keys.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": target.keys.secretAccessKey,
        ]
        secrets["AWS_SESSION_TOKEN"] = target.keys.sessionToken
        secrets["QSCANNER_REGISTRY_PASSWORD"] = target.registry?.password
        secrets["QSCANNER_REGISTRY_TOKEN"] = target.registry?.token

        var environment = parent.filter { QScannerCommand.passedOn.contains($0.key) && !$0.value.isEmpty }
        let proxies = environment.filter { $0.key.lowercased().hasSuffix("_proxy") }
        let plain = secrets.values + proxies.values.compactMap(passwordOfAddress)
        // Sign-ins travel in base64, and programs that trace them print them so.
        var signIns = plain.map(\.exposed)
        if let registry = target.registry, let username = registry.username, let password = registry.password {
            signIns.append("\(username):\(password.exposed)")
        }
        self.secrets = plain + signIns.map { Redacted(base64Text($0.utf8)) }
        environment["PATH"] = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        environment["AWS_REGION"] = target.region
        // No secret: it may well be a word that stands in results.
        environment["QSCANNER_REGISTRY_USERNAME"] = target.registry?.username
        // Both in the scan's own scratch: what QScanner leaves there goes when the scratch goes.
        environment["HOME"] = scratch.home
        environment["TMPDIR"] = scratch.temporary
        self.environment = environment.mapValues { Redacted($0) }.merging(secrets) { _, secret in secret }
    }

    /// What a program needs of its parent to find programs, proxies and certificates. curl reads proxies in lower
    /// case, Go in both.
    private static let passedOn: Set<String> = [
        "PATH", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy",
        "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE",
    ]
}

/// The password in `http://user:password@proxy:3128`; the scheme may be missing.
private func passwordOfAddress(_ address: String) -> Redacted? {
    let start = address.firstRange(ofText: "://")?.upperBound ?? address.startIndex
    guard let end = address.lastIndex(of: "@"), start < end, let colon = address[start..<end].firstIndex(of: ":")
    else { return nil }
    return Redacted(String(address[address.index(after: colon)..<end]))
}
