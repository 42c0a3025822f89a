/// What sends requests: the live one is `CurlTransport`, tests give their own.
package struct HTTPClient: Sendable {
    /// Sends a request and waits for the whole answer. Any status is an answer; what is thrown is a transfer that failed.
    /// Cancelling the task ends the transfer.
    package var send: @Sendable (HTTPRequest, HTTPBodySink) async throws(HTTPError) -> HTTPResponse

    package init(send: @escaping @Sendable (HTTPRequest, HTTPBodySink) async throws(HTTPError) -> HTTPResponse) {
        self.send = send
    }
}
