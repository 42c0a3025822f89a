import HTTPTransport
import JSONStream
import Support
import TestSupport
import Testing

@testable import QualysAPI

@Suite struct QPSAnswerTests {
    private func page(_ text: String) async throws(QualysError) -> QPSPage {
        let http = FakeHTTP([.answer(200, text)])
        let sessions = QualysSessions(http: http.client, clock: FakeClock().clock) { _ in
            QualysAccount(
                username: Redacted("user"),
                password: Redacted("word"),
                apiURL: "https://api.example.test",
                gatewayURL: "https://gateway.example.test"
            )
        }
        let clock = FakeClock().clock
        let client = QualysClient(sessions: sessions, http: http.client, workers: 1, clock: clock, random: { 0.5 })
        let search = QPSSearch(.webApplications, path: "/qps/rest/3.0/search/was/webapp")
        return try await client.page(of: search, after: 5, scratch: "/tmp", .test())
    }

    @Test(
        arguments: [
            (#""hasMoreRecords":"true","lastId":9"#, 9), (#""hasMoreRecords":true,"lastId":"9""#, 9),
            (#""hasMoreRecords":"true""#, 8), (#""lastId":9"#, 9), (#""lastId":null"#, nil), (#""count":1"#, nil),
            (#""hasMoreRecords":"false","lastId":9"#, nil), (#""hasMoreRecords":false"#, nil),
        ] as [(String, Int64?)]
    )
    func `A page is the last one only when it does not say otherwise`(said: String, next: Int64?) async throws {
        let page = try await page(
            #"{"ServiceResponse":{"responseCode":"SUCCESS",\#(said),"data":[{"WebApp":{"id":"8"}}]}}"#
        )
        #expect(page.next == next)
        // The same when it comes back from where it was stored.
        #expect(try QPSAnswer(stored: page.answer.body).next == next)
    }

    @Test(
        arguments: [
            (#"{"responseCode":"INVALID_CREDENTIALS"}"#, QualysError.Kind.signIn),
            (#"{"responseCode":"INSUFFICIENT_PERMISSION","message":"no"}"#, .permission),
            (#"{"ServiceResponse":{"responseCode":"INVALID_CREDENTIALS"}}"#, .signIn),
            (#"{"ServiceResponse":{"data":[{"WebApp":{"status":"ACTIVE","responseCode":"X"}}]}}"#, .unreadable),
            (#"{"status":"UP"}"#, .unreadable),
        ]
    )
    func `An error is one with and without the envelope`(text: String, kind: QualysError.Kind) async {
        let error = await #expect(throws: QualysError.self) { try await page(text) }
        #expect(error?.kind == kind)
    }

    /// The ids of the records of an answer.
    private func ids(_ members: String) throws -> [String] {
        let folder = try TemporaryFolder()
        let receiver = AnswerReceiver.qps(scratch: folder.path)
        guard case .stream(let take) = receiver.sink else { return [] }
        try Array(#"{"ServiceResponse":{"responseCode":"SUCCESS"\#(members)}}"#.utf8).withUnsafeBytes(take)
        var ids: [String] = []
        try receiver.finish(HTTPResponse(status: 200, headers: [:], body: [])).forEachRecord { record in
            ids.append(record["HostAsset"]?["id"]?.scalarText ?? "")
        }
        return ids
    }

    @Test func `Records are read from the list, or one that stands in its place`() throws {
        #expect(try ids(#","count":0"#) == [])
        #expect(try ids(#","data":[]"#) == [])
        #expect(try ids(#","count":2,"data":[{"HostAsset":{"id":5}},{"HostAsset":{"id":7}}]"#) == ["5", "7"])
        #expect(try ids(#","data":{"HostAsset":{"id":5}},"count":"1""#) == ["5"])
    }

    @Test(arguments: ["", #","data":null"#, #","count":1"#, #","count":0,"data":[{}]"#, #","count":2,"data":[{}]"#])
    func `An answer that does not have as many records as it says is not usable`(members: String) {
        #expect(throws: QualysError.self) { try ids(members) }
    }
}
