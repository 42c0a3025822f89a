/// One call of a Qualys API, without credentials.
package struct QualysCall: Sendable {
    /// Calls of one name share one limit: Qualys counts by API name and subscription.
    package enum API: String, Sendable, Hashable {
        case about = "about.php"
        case hostList = "asset/host"
        case hostDetections = "vm/detection"
        case knowledgeBase = "knowledge_base/vuln"

        /// All of web application scanning. Qualys tells no limit there; whoever enforces one counts the module.
        case webApplications = "was"
        case assetManagement = "am"
        case gateway
        case gatewaySignIn = "gateway/auth"
    }

    package enum Body: Sendable {
        case none
        case form([(name: String, value: String)])
        case json([UInt8])
        case xml([UInt8])
    }

    package var api: API
    package var method: String

    /// Begins with a slash.
    package var path: String
    package var query: [(name: String, value: String)]
    package var body: Body

    /// Media type of the answer that is asked for; QPS calls answer XML without one.
    package var accept: String?

    /// Attempts at what may pass (a dropped connection, a 503), the first included. Waiting for a limit is no attempt.
    package var attempts: Int

    /// How long an outage is waited out, whatever the attempts: as long as nobody answers, every other call would fail, too.
    package var patience: Duration

    package init(
        _ api: API,
        method: String = "POST",
        path: String,
        query: [(name: String, value: String)] = [],
        body: Body = .none,
        accept: String? = nil,
        attempts: Int = 6,
        patience: Duration = .zero
    ) {
        self.api = api
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.accept = accept
        self.attempts = attempts
        self.patience = patience
    }

    /// For messages: the path says what was asked, and never holds a secret.
    package var name: String { "\(method) \(path)" }
}
