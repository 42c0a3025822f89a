import HTTPTransport
import Jobs
import QualysAPI
import Support
import TestSupport

extension JobServices {
    /// Services without a network, an output or a state of their own.
    static func fake(state: JobStateStore = .file("/nowhere")) -> JobServices {
        let http = FakeHTTP([.failed(.other)])
        let account = QualysAccount(username: Redacted("u"), password: Redacted("p"), apiURL: "", gatewayURL: "")
        let sessions = QualysSessions(http: http.client) { _ in account }
        return JobServices(
            qualys: QualysClient(sessions: sessions, http: http.client, workers: 1),
            output: .folder("/nowhere"),
            state: state,
            scratch: "/nowhere",
            workers: 1,
            clock: FakeClock().clock
        )
    }
}
