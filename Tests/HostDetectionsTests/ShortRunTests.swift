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
}
