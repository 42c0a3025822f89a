package import HTTPTransport
package import Support

/// The calls of the Lambda Runtime API.
///
/// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package struct RuntimeClient: Sendable {
    /// An event is at most 6 MB, an asynchronous one at most 1 MB.
    private static let largestEvent = 8 << 20

    /// After a thaw the connection of before may be dead; more often than this it is the API that is.
    private static let attempts = 3

    private let base: String
    private let http: HTTPClient
    private let clock: WallClock

    /// - Parameter address: `host:port`, the value of `AWS_LAMBDA_RUNTIME_API`.
    package init(address: String, http: HTTPClient, clock: WallClock = .system) {
        self.base = "http://\(address)/2018-06-01/runtime"
        self.http = http
        self.clock = clock
    }

    /// Waits for the next event, for hours if need be.
    func next() async throws(RuntimeError) -> Invocation {
        var request = HTTPRequest(
            url: "\(base)/invocation/next",
            limits: HTTPLimits(connect: .seconds(5), idle: nil, total: nil)
        )
        request.usesProxy = false
        let answer = try await send("next", request)
        guard answer.status == 200 else { throw .refused("next", status: answer.status) }
        guard let requestID = answer.headers["Lambda-Runtime-Aws-Request-Id"], isRequestID(requestID) else {
            throw .unreachable("next", "The answer has no proper request id.")
        }
        return Invocation(
            requestID: requestID,
            deadline: deadline(answer.headers["Lambda-Runtime-Deadline-Ms"]),
            functionARN: answer.headers["Lambda-Runtime-Invoked-Function-Arn"] ?? "",
            traceID: answer.headers["Lambda-Runtime-Trace-Id"],
            event: answer.body
        )
    }

    /// A deadline that is missing or more than a day away must not turn into no time at all, nor into for ever. One that
    /// has just passed means what it says.
    private func deadline(_ header: String?) -> Deadline {
        let now = clock.now()
        guard let milliseconds = header.flatMap({ Int64($0) }),
            case let moment = Timestamp(milliseconds: milliseconds),
            now - .seconds(86400) <= moment, moment <= now + .seconds(86400)
        else { return Deadline(now + .seconds(60)) }
        return Deadline(moment)
    }

    /// - Returns: The status, which is no success when the API does not take this answer.
    func respond(to requestID: String, _ body: [UInt8]) async throws(RuntimeError) -> Int {
        try await post("response", "invocation/\(requestID)/response", body)
    }

    /// Ends the invocation as failed: Lambda tries again, and then puts the event into the dead-letter queue.
    ///
    /// - Returns: As `respond`.
    func report(_ error: ReportedError, for requestID: String) async throws(RuntimeError) -> Int {
        try await post("error", "invocation/\(requestID)/error", error.body, errorType: error.type)
    }

    /// Ends the start-up as failed. The process must then exit with a status other than 0.
    package func reportInit(_ error: ReportedError) async throws(RuntimeError) {
        _ = try await post("init/error", "init/error", error.body, errorType: error.type)
    }

    private func post(
        _ call: String,
        _ path: String,
        _ body: [UInt8],
        errorType: String? = nil
    ) async throws(RuntimeError) -> Int {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let errorType { headers.add("Lambda-Runtime-Function-Error-Type", errorType) }
        var request = HTTPRequest(
            method: "POST",
            url: "\(base)/\(path)",
            headers: headers,
            body: .bytes(body),
            limits: HTTPLimits(connect: .seconds(5), idle: .seconds(30), total: .seconds(60))
        )
        request.usesProxy = false
        let status = try await send(call, request).status
        // The documentation: "Non-recoverable state. Runtime should exit promptly." 400 and 413 concern this one answer;
        // Lambda reports the invocation as failed by itself.
        guard status < 500 else { throw .refused(call, status: status) }
        return status
    }

    private func send(_ call: String, _ request: HTTPRequest) async throws(RuntimeError) -> HTTPResponse {
        var attempt = 1
        while true {
            do {
                return try await http.send(request, .collect(limit: Self.largestEvent))
            } catch {
                guard error.mayPass, attempt < Self.attempts else { throw .unreachable(call, error.description) }
                attempt += 1
            }
        }
    }

    /// The id becomes part of a path.
    private func isRequestID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
