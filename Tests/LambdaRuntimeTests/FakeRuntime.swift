import HTTPTransport
import Logging
import Support
import Synchronization
import TestSupport

@testable import LambdaRuntime

/// A Runtime API that gives these answers to `next` in turn, and then ends the loop with a 500.
final class FakeRuntime: Sendable {
    typealias Answer = Result<HTTPResponse, HTTPError>

    private let events: Mutex<[Answer]>
    private let toPost: @Sendable (HTTPRequest) -> Answer
    let clock = FakeClock()
    let book = LogBook()
    let traceIDs = Journal<String?>()
    let handled = Journal<Invocation>()
    private let sent = Journal<HTTPRequest>()

    init(_ events: [Answer], toPost: @escaping @Sendable (HTTPRequest) -> Answer = { _ in .answer(202) }) {
        self.events = Mutex(events)
        self.toPost = toPost
    }

    /// An event as the API gives it.
    static func event(_ id: String = "r-1", _ payload: String = "{}", headers: HTTPHeaders = [:]) -> Answer {
        var all: HTTPHeaders = [
            "Lambda-Runtime-Aws-Request-Id": id, "Lambda-Runtime-Deadline-Ms": "1795230945000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:scanner",
        ]
        for field in headers.fields { all[field.name] = field.value }
        return .answer(200, payload, headers: all)
    }

    var client: RuntimeClient {
        RuntimeClient(
            address: "127.0.0.1:9001",
            http: HTTPClient { [self] (request: HTTPRequest, _: HTTPBodySink) async throws(HTTPError) in
                sent.write(request)
                guard request.method == "GET" else { return try toPost(request).get() }
                return try events.withLock { $0.isEmpty ? .answer(500) : $0.removeFirst() }.get()
            },
            clock: clock.clock
        )
    }

    /// The loop's end, once the events are used up.
    func run(_ handle: @escaping (Invocation, Logger) async throws -> [UInt8] = { _, _ in [] }) async -> RuntimeError {
        let loop = RuntimeLoop(client: client, log: book.logger) { [traceIDs] in traceIDs.write($0) }
        do {
            try await loop.run { [handled] invocation, log in
                handled.write(invocation)
                return try await handle(invocation, log)
            }
        } catch {
            return error
        }
    }

    /// `GET invocation/next`, `POST invocation/r-1/response {}` and so on.
    var calls: [String] {
        sent.entries.map { request in
            let path = request.url.replacing("http://127.0.0.1:9001/2018-06-01/runtime/", with: "")
            return request.method == "GET" ? "GET \(path)" : "POST \(path) \(request.bodyText)"
        }
    }

    var requests: [HTTPRequest] { sent.entries }
}
