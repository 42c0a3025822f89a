/// One HTTP request, complete: nothing is added to it on the way but what HTTP itself needs.
package struct HTTPRequest: Sendable {
    package var method: String

    /// An absolute `http` or `https` address, already percent-encoded; it is sent as it stands.
    package var url: String
    package var headers: HTTPHeaders
    package var body: HTTPRequestBody
    package var limits: HTTPLimits

    /// Whether the proxy that the environment names (`https_proxy`, `no_proxy` and so on) is used. False for what is
    /// only there on this machine: the Runtime API and the endpoint of container credentials.
    package var usesProxy: Bool

    package var compression: HTTPCompression

    /// Is told status and headers as soon as they are there, which can be long before the body is. It is called on the
    /// transport's thread and must not block.
    package var onHead: (@Sendable (HTTPResponse) -> Void)?

    package init(
        method: String = "GET",
        url: String,
        headers: HTTPHeaders = [:],
        body: HTTPRequestBody = .none,
        limits: HTTPLimits = HTTPLimits(),
        usesProxy: Bool = true,
        compression: HTTPCompression = .refused,
        onHead: (@Sendable (HTTPResponse) -> Void)? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.usesProxy = usesProxy
        self.compression = compression
        self.onHead = onHead
    }
}

/// Whether the answer may come compressed (`Accept-Encoding: gzip`). Its headers stay as they came.
package enum HTTPCompression: Sendable {
    case refused

    /// The body arrives unpacked, and the limit of the sink holds for what is unpacked.
    case unpacked

    /// The body arrives as the server sent it, compressed or not: for who stores it so.
    case asSent
}

/// Where the body of a request comes from.
package enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])

    /// A part of a file, read as it is sent: `count` bytes from `offset`.
    case file(path: String, offset: Int64, count: Int64)

    /// Bytes from a closure, which fills the buffer and returns how many it wrote, 0 at the end. It is called on the
    /// transport's thread and must not block for long. `count` is the length when it is known (else the body is
    /// chunked). A request with such a body is sent once: nothing can rewind it.
    case stream(count: Int64?, read: @Sendable (UnsafeMutableRawBufferPointer) throws -> Int)
}

/// How long a transfer may take.
package struct HTTPLimits: Sendable, Hashable {
    /// Until the connection stands, name look-up and TLS included.
    package var connect: Duration

    /// The longest silence: no byte in either direction. Nil for a long poll.
    package var idle: Duration?

    /// The whole transfer. Nil for none: a large answer may trickle for an hour.
    package var total: Duration?

    package init(connect: Duration = .seconds(10), idle: Duration? = .seconds(60), total: Duration? = .seconds(300)) {
        self.connect = connect
        self.idle = idle
        self.total = total
    }
}
