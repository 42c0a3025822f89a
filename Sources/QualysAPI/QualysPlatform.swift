/// A Qualys platform ("pod"): where a subscription lives.
///
/// https://www.qualys.com/platform-identification/
package struct QualysPlatform: Sendable, Equatable {
    /// Such as `US2`.
    package let pod: String

    /// Base addresses, without a slash at the end.
    package let apiURL: String
    package let gatewayURL: String

    /// Nil for a name that is none of Qualys's pods; case does not matter.
    package init?(pod: String) {
        let name = pod.uppercased()
        guard let hosts = Self.hosts[name] else { return nil }
        self.pod = name
        self.apiURL = "https://qualysapi.\(hosts.api)"
        self.gatewayURL = "https://gateway.\(hosts.gateway)"
    }

    /// All names, for messages.
    package static var names: [String] { hosts.keys.sorted() }

    /// Behind `qualysapi.` and `gateway.`: only US1 and EU1 have an API host without a `qg`.
    private static let hosts: [String: (api: String, gateway: String)] = [
        "US1": ("qualys.com", "qg1.apps.qualys.com"),
        "US2": ("qg2.apps.qualys.com", "qg2.apps.qualys.com"),
        "US3": ("qg3.apps.qualys.com", "qg3.apps.qualys.com"),
        "US4": ("qg4.apps.qualys.com", "qg4.apps.qualys.com"),
        "GOV1": ("gov1.qualys.us", "gov1.qualys.us"),
        "EU1": ("qualys.eu", "qg1.apps.qualys.eu"),
        "EU2": ("qg2.apps.qualys.eu", "qg2.apps.qualys.eu"),
        "EU3": ("qg3.apps.qualys.it", "qg3.apps.qualys.it"),
        "IN1": ("qg1.apps.qualys.in", "qg1.apps.qualys.in"),
        "CA1": ("qg1.apps.qualys.ca", "qg1.apps.qualys.ca"),
        "AE1": ("qg1.apps.qualys.ae", "qg1.apps.qualys.ae"),
        "UK1": ("qg1.apps.qualys.co.uk", "qg1.apps.qualys.co.uk"),
        "AU1": ("qg1.apps.qualys.com.au", "qg1.apps.qualys.com.au"),
        "KSA1": ("qg1.apps.qualysksa.com", "qg1.apps.qualysksa.com"),
    ]
}
