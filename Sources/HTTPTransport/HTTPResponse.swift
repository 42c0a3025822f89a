/// An answer, complete: all of its body has arrived.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: HTTPHeaders

    /// The body, when it was collected; the first 64 KB of it when the status is not 2xx. Empty when the body of a
    /// success went to a file or a closure.
    package var body: [UInt8]

    package init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Where the body of a successful (2xx) answer goes. The body of any other is collected, whatever the sink, so that an
/// error page never ends up in a file.
package enum HTTPBodySink: Sendable {
    /// Into `HTTPResponse.body`; longer than `limit` bytes is an error.
    case collect(limit: Int)

    /// Into a new file (mode 0600), which is removed again when the transfer fails; longer than `limit` bytes is an error.
    case file(path: String, limit: Int64)

    /// To a closure, piece by piece, on the transport's thread; it must not block for long. What it throws ends the
    /// transfer as `HTTPError.Reason.sink`.
    case stream(@Sendable (UnsafeRawBufferPointer) throws -> Void)

    /// To a task that reads the channel side by side with the transfer, which waits for it when it has to.
    case channel(HTTPBodyChannel)
}
