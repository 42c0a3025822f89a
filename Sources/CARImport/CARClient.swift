package import HTTPTransport
import JSONStream
import Logging
package import Support
import Telemetry

/// Calls CAR: signs in, tries again what may pass, and follows no redirect. One call is one method of its extensions; each
/// does the same when it is made twice.
package struct CARClient: Sendable {
    private static let idle = Duration.seconds(120)
    private static let total = Duration.seconds(900)

    let account: CARAccount
    let http: HTTPClient
    let clock: WallClock
    let random: @Sendable () -> Double
    private let retries: RetryPolicy

    package init(
        account: CARAccount,
        http: HTTPClient,
        clock: WallClock = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        retries: RetryPolicy = RetryPolicy(
            attempts: 5,
            backoff: Backoff(base: .seconds(1), ceiling: .seconds(20)),
            longestServerWait: .seconds(120)
        )
    ) {
        self.account = account
        self.http = http
        self.clock = clock
        self.random = random
        self.retries = retries
    }

    struct Call: Sendable {
        var method = "GET"
        /// Begins with a slash and is percent-encoded.
        var path: String
        var query = ""
        var body: [UInt8]?
        /// Whether it belongs to the third version of the interface.
        var isThird = false
        /// Statuses that are answers, beside those of a success.
        var answers: Set<Int> = []

        var name: String { "\(method) \(path)" }
    }

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]

        /// Gives the JSON value of the body to a closure.
        func read<Result>(_ call: Call, _ read: (JSONValue) throws -> Result?) throws(CARError) -> Result {
            var parser = JSONParser(ceiling: 256 << 20)
            let result: Result?
            do {
                result = try parser.parse(body, read)
            } catch {
                throw CARError(.unreadable, call: call.name, status: status, message: describe(error).description)
            }
            guard let result else {
                throw CARError(.unreadable, call: call.name, status: status, message: "It lacks what was asked for.")
            }
            return result
        }
    }

    /// Makes a call until it is answered, fails for good, or the deadline comes.
    func send(_ call: Call, _ context: CallContext) async throws(CARError) -> Answer {
        try await retrying(retries, until: context.deadline, clock: clock, random: random) { (failed: Attempt) in
            failed.mayPass ? .retryable(serverWait: failed.wait) : .final
        } attempt: { (_: Int) async throws(Attempt) -> Answer in
            try await attempt(call, context)
        } as: {
            $0.error
        }
    }

    private func attempt(_ call: Call, _ context: CallContext) async throws(Attempt) -> Answer {
        let remaining = context.deadline.remaining(at: clock.now())
        guard remaining > .zero, !Task.isCancelled else {
            throw Attempt(error: CARError(.deadline, call: call.name, message: ""))
        }
        var headers: HTTPHeaders = [
            "User-Agent": "qualys-lambda-scanner",
            "Accept": "application/json",
            "Authorization": account.authorization.exposed,
        ]
        if call.body != nil { headers["Content-Type"] = "application/json" }
        let request = HTTPRequest(
            method: call.method,
            url: (call.isThird ? account.thirdURL : account.url) + call.path
                + (call.query.isEmpty ? "" : "?" + call.query),
            headers: headers,
            body: call.body.map(HTTPRequestBody.bytes) ?? .none,
            limits: HTTPLimits(
                connect: min(.seconds(15), remaining),
                idle: min(Self.idle, remaining),
                total: min(Self.total, remaining)
            ),
            compression: .unpacked
        )
        let response: HTTPResponse
        do {
            response = try await http.send(request, .collect(limit: 256 << 20))
        } catch {
            throw Attempt(
                error: CARError(.unavailable, call: call.name, message: error.description),
                mayPass: error.mayPass
            )
        }
        guard response.isSuccess || call.answers.contains(response.status) else {
            let wait = response.headers["Retry-After"].flatMap { Int64($0) }.map { Duration.seconds(min($0, 86400)) }
            // The body may say why; it is the server's, and shown as one line.
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            let message = String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
            throw Attempt(
                error: CARError(.status, call: call.name, status: response.status, message: message),
                mayPass: [408, 429, 500, 502, 503, 504].contains(response.status),
                wait: wait
            )
        }
        return Answer(status: response.status, body: response.body)
    }
}

/// What is known of an attempt that failed.
private struct Attempt: Error {
    let error: CARError
    var mayPass = false
    var wait: Duration?
}

/// `retrying`, with the last failure as another error.
private func retrying<Result: Sendable, Fault: Error, Thrown: Error>(
    _ policy: RetryPolicy,
    until deadline: Deadline,
    clock: WallClock,
    random: @Sendable () -> Double,
    verdict: (Fault) -> RetryPolicy.Verdict,
    attempt: (Int) async throws(Fault) -> Result,
    as thrown: (Fault) -> Thrown
) async throws(Thrown) -> Result {
    do {
        return try await retrying(
            policy,
            until: deadline,
            clock: clock,
            random: random,
            verdict: verdict,
            attempt: attempt
        )
    } catch {
        throw thrown(error)
    }
}
