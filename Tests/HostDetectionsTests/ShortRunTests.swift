import HTTPTransport
import Jobs
import Support
import Telemetry
import TestSupport
import Testing

@testable import HostDetections

@Suite("A run with little time")
struct ShortRunTests {
    /// One host, of which there is nothing.
    private static func answer(_ request: HTTPRequest) -> HTTPResponse {
        if request.url.contains("about.php") { return HTTPResponse(200, "<ABOUT></ABOUT>") }
        guard request.url.contains("/vm/detection") else {
            let ids = "<ID_SET><ID>1</ID></ID_SET>"
            return HTTPResponse(200, "<HOST_LIST_OUTPUT><RESPONSE>\(ids)</RESPONSE></HOST_LIST_OUTPUT>")
        }
        let root = "HOST_LIST_VM_DETECTION_OUTPUT"
        return HTTPResponse(200, "<\(root)><RESPONSE></RESPONSE></\(root)>")
    }

    @Test("Keeps a part of it for the end, and has the rest", arguments: [2, 10, 30])
    func short(seconds: Int) async throws {
        let http = FakeHTTP { request, _ throws(HTTPError) in Self.answer(request) }
        let context = CallContext.test(.seconds(seconds))
        let answer = try await HostDetections(FakeRun(http: http.client).services)
            .run(HostDetectionsParameters(), owner: "owner", context)
        #expect(answer.status == .done)
    }

    @Test("Says so when it was too little")
    func tooShort() async throws {
        let http = FakeHTTP { request, _ throws(HTTPError) in Self.answer(request) }
        let answer = try await HostDetections(FakeRun(http: http.client).services)
            .run(HostDetectionsParameters(), owner: "owner", .test(.zero))
        #expect(answer.status == .continues && answer.reason == "There was no time for all of it.")
    }

    @Test("Says that it was interrupted when it was, and that it goes on")
    func interrupted() async throws {
        let http = HTTPClient { (request: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            if request.url.contains("/vm/detection") { await untilCancelled() }
            let fake = FakeHTTP { request, _ throws(HTTPError) in Self.answer(request) }
            return try await fake.client.send(request, sink)
        }
        let services = try FakeRun(http: http).services
        let run = Task {
            try await HostDetections(services).run(HostDetectionsParameters(), owner: "owner", .test())
        }
        run.cancel()
        let answer = try await run.value
        #expect(answer.status == .continues)
        #expect(answer.reason == "It was interrupted: the same command goes on with it.")
    }
}

@Suite("A run whose state cannot be read")
struct UnreadableStateTests {
    @Test("Tells where that is")
    func place() async throws {
        let fake = try FakeRun()
        let path = try fake.folder.write("state", Array("{}".utf8))
        let error = await #expect(throws: JobError.self) {
            try await HostDetections(fake.services).run(HostDetectionsParameters(), owner: "owner", .test())
        }
        #expect(error?.reason.contains(" \(path) ") == true)
    }
}
