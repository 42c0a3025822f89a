import HTTPTransport
import InMemoryLogging
import Logging
import Support
import TestSupport
import Testing

@testable import LambdaRuntime

@Suite struct RuntimeLoopTests {
    private struct Refusal: Failure {
        var label = "Test.Refused"
        var description = "It was refused."
    }

    private struct StrangerError: Error {}

    @Test func `Each event is handled and answered`() async {
        let runtime = FakeRuntime([FakeRuntime.event("r-1", "one"), FakeRuntime.event("r-2", "two")])
        let end = await runtime.run { invocation, _ in invocation.event + Array("!".utf8) }
        #expect(
            runtime.calls == [
                "GET invocation/next", "POST invocation/r-1/response one!", "GET invocation/next",
                "POST invocation/r-2/response two!", "GET invocation/next",
            ]
        )
        #expect(end.label == "Runtime.Refused")
        #expect(end.description == "The Runtime API answered next with HTTP 500.")
    }

    @Test func `An invocation has what the headers say`() async {
        let runtime = FakeRuntime([FakeRuntime.event("r-1", "{}", headers: ["Lambda-Runtime-Trace-Id": "Root=1-2-3"])])
        _ = await runtime.run()
        let invocation = runtime.handled.entries.first
        #expect(invocation?.requestID == "r-1")
        #expect(invocation?.deadline == Deadline(FakeClock.start + .seconds(900)))
        #expect(invocation?.functionARN == "arn:aws:lambda:eu-west-1:123456789012:function:scanner")
        #expect(invocation?.traceID == "Root=1-2-3")
    }

    @Test func `The trace id is set for each event, and taken back for one without`() async {
        let traced = FakeRuntime.event("r-1", headers: ["Lambda-Runtime-Trace-Id": "Root=1"])
        let runtime = FakeRuntime([traced, FakeRuntime.event("r-2")])
        _ = await runtime.run()
        #expect(runtime.traceIDs.entries == ["Root=1", nil])
    }

    @Test func `Lines logged meanwhile have the request's id`() async {
        let runtime = FakeRuntime([FakeRuntime.event("r-1"), FakeRuntime.event("r-2")])
        _ = await runtime.run { _, log in
            log.info("Here")
            throw Refusal()
        }
        #expect(runtime.book.entries.map { $0.metadata["requestId"] } == ["r-1", "r-1", "r-2", "r-2"])
        #expect(runtime.book.messages == ["Here", "The invocation failed", "Here", "The invocation failed"])
    }

    @Test func `An error is reported, and the loop goes on`() async throws {
        let runtime = FakeRuntime([FakeRuntime.event("r-1"), FakeRuntime.event("r-2")])
        _ = await runtime.run { invocation, _ in
            if invocation.requestID == "r-1" { throw Refusal() }
            return Array("fine".utf8)
        }
        let report = runtime.requests[1]
        #expect(report.url.hasSuffix("/invocation/r-1/error"))
        #expect(report.headers["Lambda-Runtime-Function-Error-Type"] == "Test.Refused")
        #expect(
            try JSON(report.bodyBytes)
                == ["errorMessage": "It was refused.", "errorType": "Test.Refused", "stackTrace": []]
        )
        #expect(runtime.calls[3] == "POST invocation/r-2/response fine")
    }

    @Test(arguments: ["a\nb", "\u{0}\u{1}\u{1F}\u{7F}", "\"\\", "\u{2028}é😀", String(repeating: "\u{7}", count: 1000)])
    func `A message with control characters is reported as JSON`(_ text: String) async throws {
        let runtime = FakeRuntime([FakeRuntime.event()])
        _ = await runtime.run { _, _ in throw Refusal(description: text) }
        #expect(runtime.requests[1].bodyBytes.allSatisfy { $0 >= 0x20 })
        #expect(try JSON(runtime.requests[1].bodyBytes)["errorMessage"] == .text(text))
    }

    @Test func `A stranger's error and a cancellation are reported by their type`() async throws {
        let runtime = FakeRuntime([FakeRuntime.event("r-1"), FakeRuntime.event("r-2")])
        _ = await runtime.run { invocation, _ in
            if invocation.requestID == "r-1" { throw StrangerError() }
            throw CancellationError()
        }
        let reports = try runtime.requests.filter { $0.method == "POST" }.map { try JSON($0.bodyBytes)["errorType"] }
        #expect(reports == ["Internal.StrangerError", "Task.Cancelled"])
    }

    @Test(arguments: [400, 403, 404, 413, 429])
    func `An answer that the API does not take concerns that invocation alone`(_ status: Int) async {
        let runtime = FakeRuntime([FakeRuntime.event("r-1"), FakeRuntime.event("r-2")]) { request in
            .answer(request.url.contains("r-1") ? status : 202)
        }
        _ = await runtime.run()
        #expect(runtime.handled.entries.map(\.requestID) == ["r-1", "r-2"])
        let warnings = runtime.book.entries.filter { $0.level == .warning }
        #expect(warnings.map { $0.metadata["requestId"] } == ["r-1"])
        #expect(warnings.map { $0.metadata["status"] } == ["\(status)"])
    }

    @Test(arguments: [500, 502, 503])
    func `A 5xx to an answer or a report ends the loop`(_ status: Int) async {
        for fails in [false, true] {
            let runtime = FakeRuntime([FakeRuntime.event("r-1"), FakeRuntime.event("r-2")]) { _ in .answer(status) }
            let end = await runtime.run { _, _ in
                if fails { throw Refusal() }
                return []
            }
            #expect(end.label == "Runtime.Refused")
            #expect(end.description.contains("HTTP \(status)"))
            #expect(runtime.handled.entries.count == 1)
        }
    }

    @Test(arguments: [204, 301, 400, 403, 404, 500, 503])
    func `Anything but a 200 to next ends the loop`(_ status: Int) async {
        let runtime = FakeRuntime([.answer(status), FakeRuntime.event()])
        #expect(await runtime.run().description == "The Runtime API answered next with HTTP \(status).")
        #expect(runtime.handled.entries.isEmpty)
    }
}

@Suite struct RuntimeClientTests {
    @Test func `A connection that died in the freezer is replaced`() async {
        let runtime = FakeRuntime([.failed(.dropped), .failed(.connect), FakeRuntime.event()])
        _ = await runtime.run()
        #expect(runtime.handled.entries.count == 1)
        #expect(runtime.clock.pauses.isEmpty)
    }

    @Test func `An API that cannot be reached ends the loop`() async {
        let runtime = FakeRuntime([.failed(.dropped), .failed(.dropped), .failed(.dropped), FakeRuntime.event()])
        let end = await runtime.run()
        #expect(end.label == "Runtime.Unreachable")
        #expect(runtime.requests.count == 3)
    }

    @Test func `A transfer that would fail again is not repeated`() async {
        let runtime = FakeRuntime([.failed(.tooLarge), FakeRuntime.event()])
        #expect(await runtime.run().label == "Runtime.Unreachable")
        #expect(runtime.requests.count == 1)
    }

    @Test func `An answer whose connection broke is sent again`() async {
        let posts = Journal<String>()
        let runtime = FakeRuntime([FakeRuntime.event()]) { request in
            posts.write(request.url) == 1 ? .failed(.dropped) : .answer(202)
        }
        #expect(await runtime.run().label == "Runtime.Refused")
        #expect(posts.entries.count == 2)
    }

    @Test func `Next waits without a time limit, and no call uses a proxy`() async {
        let runtime = FakeRuntime([FakeRuntime.event()])
        _ = await runtime.run()
        #expect(runtime.requests[0].limits.idle == nil)
        #expect(runtime.requests[0].limits.total == nil)
        #expect(runtime.requests[1].limits.total != nil)
        #expect(runtime.requests.allSatisfy { !$0.usesProxy })
    }

    /// Headers that are missing or odd: neither no time at all, nor for ever, nor a crash when it is added to.
    @Test(arguments: [
        nil, "", "soon", "0", "-1", "-9223372036854775808", "9223372036854775807", "99999999999999999999", "1e12",
        "1795230945000.5", "١٧٩٥٢٣٠٩٤٥٠٠٠", "1795143644999", "1795320000000000",
    ])
    func `A deadline that is missing or odd becomes a minute`(_ header: String?) async {
        var response = HTTPResponse(200, "{}", headers: ["Lambda-Runtime-Aws-Request-Id": "r-1"])
        if let header { response.headers.add("Lambda-Runtime-Deadline-Ms", header) }
        let runtime = FakeRuntime([.success(response)])
        _ = await runtime.run()
        #expect(runtime.handled.entries.map(\.deadline) == [Deadline(FakeClock.start + .seconds(60))])
    }

    @Test(arguments: [
        nil, "", " ", "../../init/error", "a/b", "a?b", "a#b", "a b", "a%2Fb", "é", "a\u{202E}",
        String(repeating: "a", count: 129),
    ])
    func `A request id that could lead elsewhere is refused`(_ id: String?) async {
        var response = HTTPResponse(200, "{}", headers: [:])
        if let id { response.headers.add("Lambda-Runtime-Aws-Request-Id", id) }
        let runtime = FakeRuntime([.success(response)])
        let end = await runtime.run()
        #expect(end.description == "The Runtime API call next failed: The answer has no proper request id.")
        #expect(runtime.handled.entries.isEmpty)
        #expect(runtime.requests.count == 1)
    }

    @Test func `A failed start is reported with its type`() async throws {
        struct Fault: Failure {
            let label = "Settings.Invalid"
            let description = "Settings: A is not set; B is not set."
        }
        let runtime = FakeRuntime([])
        try await runtime.client.reportInit(ReportedError(Fault()))
        let report = try #require(runtime.requests.first)
        #expect(report.method == "POST")
        #expect(report.url == "http://127.0.0.1:9001/2018-06-01/runtime/init/error")
        #expect(report.headers["Lambda-Runtime-Function-Error-Type"] == "Settings.Invalid")
        #expect(report.headers["Content-Type"] == "application/json")
        #expect(
            try JSON(report.bodyBytes) == [
                "errorMessage": "Settings: A is not set; B is not set.", "errorType": "Settings.Invalid",
                "stackTrace": [],
            ]
        )
    }

    @Test func `A start that cannot be reported is an error`() async {
        let runtime = FakeRuntime([]) { _ in .answer(500) }
        await #expect(throws: RuntimeError.self) {
            try await runtime.client.reportInit(ReportedError(CancellationError()))
        }
    }
}
