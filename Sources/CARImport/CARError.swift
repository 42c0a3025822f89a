import Support

/// A call of CAR, or work that it was given, that failed.
package struct CARError: Failure, Equatable {
    package enum Kind: String, Sendable {
        /// An answer that is no success: `status` says which.
        case status = "Status"
        /// No answer came.
        case unavailable = "Unavailable"
        /// An answer that is not what the call answers.
        case unreadable = "Unreadable"
        /// An import or a job that CAR took, and then could not do.
        case failed = "Failed"
        case deadline = "Deadline"
    }

    package let kind: Kind

    /// Method and path, without its query.
    package let call: String

    /// Of HTTP; 0 when there is none.
    package let status: Int
    package let message: String

    init(_ kind: Kind, call: String, status: Int = 0, message: String) {
        self.kind = kind
        self.call = call
        self.status = status
        self.message = message
    }

    /// Whether the next run may do what this one could not: then what is remembered in CAR stays. The statuses are those
    /// of IBM's car-connector-framework, and 429 and 502, which pass too.
    package var isRecoverable: Bool {
        kind != .status || [302, 400, 401, 403, 408, 429, 500, 502, 503, 504].contains(status)
    }

    /// Whether the same call would most likely fail the next time, too, whoever signs in.
    var isLasting: Bool {
        kind == .unreadable || (kind == .status && ![401, 403, 408, 429, 502, 503, 504].contains(status))
    }

    package var label: String { "CAR.\(kind.rawValue)" }

    package var description: String {
        switch kind {
        case .status: "CAR refused \(call) (HTTP \(status)): \(message)"
        case .unavailable: "CAR could not be reached in \(call): \(message)"
        case .unreadable: "CAR's answer to \(call) is not usable: \(message)"
        case .failed: "CAR could not do what \(call) asked for: \(message)"
        case .deadline: "There was no time left for \(call)."
        }
    }
}
