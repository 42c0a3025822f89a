import HTTPTransport
import Support

/// A call of a Qualys API that failed.
package struct QualysError: Failure, Equatable {
    package enum Kind: String, Sendable {
        /// User or password are wrong, or the account cannot be used; also a right password on the wrong platform.
        case signIn = "SignIn"
        /// The account may not do this.
        case permission = "Permission"
        /// A limit on calls, for longer than we may wait.
        case limit = "Limit"
        case notFound = "NotFound"
        /// The call itself is wrong.
        case refused = "Refused"
        /// Maintenance, an internal error, a lost connection: another time it may succeed.
        case unavailable = "Unavailable"
        /// The answer is not what this call answers, or was cut.
        case unreadable = "Unreadable"
        /// The next page is somewhere else, or paging does not come forward.
        case paging = "Paging"
        case deadline = "Deadline"
        /// Nobody has answered for as long as the call has patience.
        case outage = "Outage"
        case cancelled = "Cancelled"
        /// The sign-in data themselves could not be had.
        case credentials = "Credentials"
        /// The answer could not be kept on this machine, which is no fault of Qualys.
        case unkept = "Unkept"
    }

    package let kind: Kind

    /// Method and path.
    package let call: String

    /// Of HTTP; 0 when no answer came.
    package let status: Int

    /// Qualys's own, such as `INVALID_REQUEST` or `1905`.
    package let code: String?

    /// What Qualys or the transfer said.
    package let message: String

    package init(_ kind: Kind, call: String, status: Int = 0, code: String? = nil, message: String) {
        self.kind = kind
        self.call = call
        self.status = status
        self.code = code
        self.message = message
    }

    package var label: String { "Qualys.\(kind.rawValue)" }

    package var description: String {
        let code = code.map { " \($0)" } ?? ""
        let status = status == 0 ? "" : " (HTTP \(status)\(code))"
        return "\(sentence) \(call)\(status): \(message)"
    }

    /// Whether the run has no more time, rather than that something is wrong.
    package var isOutOfTime: Bool { [.deadline, .outage, .limit, .cancelled].contains(kind) }

    /// Whether every other call would fail as well.
    package var isHopeless: Bool { kind == .signIn || kind == .credentials || kind == .unkept }

    /// Whether it looks as if nobody were there, or only a proxy that says so.
    package var isOutage: Bool { kind == .unavailable && [0, 502, 503, 504].contains(status) }

    /// Whether no answer came at all.
    package var isUnanswered: Bool { kind == .unavailable && status == 0 }

    private var sentence: String {
        switch kind {
        case .signIn: "Qualys refused the sign-in (qualys_username, qualys_password, or the wrong pod) in"
        case .permission: "The Qualys account is not allowed to call"
        case .limit: "Qualys's limit on calls stopped"
        case .notFound: "Qualys does not know what was asked for in"
        case .refused: "Qualys refused"
        case .unavailable: "Qualys could not answer"
        case .unreadable: "Qualys's answer is not usable in"
        case .paging: "The pages do not fit together in"
        case .deadline: "There was no time left for"
        case .outage: "Qualys has not been there for minutes in"
        case .cancelled: "The work was stopped in"
        case .credentials: "There is no sign-in for"
        case .unkept: "This machine could not keep the answer to"
        }
    }
}
