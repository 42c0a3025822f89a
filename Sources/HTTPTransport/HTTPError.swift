import Support

/// A transfer that did not bring a whole answer.
package struct HTTPError: Failure {
    package enum Reason: Sendable, Hashable {
        /// Not an absolute http or https address, or a header that could break out of its line.
        case invalidRequest
        case resolve
        case connect
        /// The server's certificate is not trusted, or TLS could not be agreed on.
        case tls
        /// `HTTPLimits.connect`, `idle` or `total` ran out.
        case timeout
        /// The connection was lost, or the body ended before its length.
        case dropped
        /// The answer was longer than the sink takes.
        case tooLarge
        /// The sink or the request's body failed; `detail` says how.
        case sink
        case cancelled
        /// Anything else that libcurl reports.
        case other
    }

    package let reason: Reason

    /// Scheme, host and port of the address: never its path or query, which may hold a signature.
    package let origin: String

    /// What the layer below said, without any secret.
    package let detail: String

    package init(_ reason: Reason, origin: String, detail: String) {
        self.reason = reason
        self.origin = origin
        self.detail = detail
    }

    package var label: String { "HTTP.\(reason)" }

    package var description: String { "The transfer with \(origin) failed (\(reason)): \(detail)" }

    /// Whether the same request may succeed when it is sent again.
    package var mayPass: Bool {
        switch reason {
        case .resolve, .connect, .timeout, .dropped, .other: true
        case .invalidRequest, .tls, .tooLarge, .sink, .cancelled: false
        }
    }
}
