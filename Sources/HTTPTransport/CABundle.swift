#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Where the certificate authorities that are trusted come from.
///
/// libcurl has one path built in, that of the system it was built for. It travels with the program to another system
/// (Debian's to Amazon Linux), so the places of both are looked at.
enum CABundle {
    /// In order of preference: the AWS command line's, curl's and OpenSSL's.
    static let variables = ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"]

    static let usualPlaces = [
        "/etc/pki/tls/certs/ca-bundle.crt",  // Amazon Linux, Fedora
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine
    ]

    /// The file to trust; nil for libcurl's own. One that was asked for is taken even when it does not exist: the
    /// transfer then fails, instead of trusting others.
    static func path(
        given: String?,
        environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } },
        exists: (String) -> Bool = { access($0, R_OK) == 0 }
    ) -> String? {
        let asked = [given] + variables.map(environment)
        return asked.lazy.compactMap { $0 }.first { !$0.isEmpty } ?? usualPlaces.first(where: exists)
    }
}
