import HTTPTransport
import Support
import TestSupport
import Testing

@testable import CARImport

@Suite("Calls of CAR")
struct CARClientTests {
    private let clock = FakeClock()

    private func client(_ http: FakeHTTP) throws -> CARClient {
        let account = try CARAccount(url: "https://car.test/api/car/v2/", key: Redacted("k"), password: Redacted("p"))
        return CARClient(account: account, http: http.client, clock: clock.clock, random: { 0.5 })
    }

    @Test("What may pass is tried again, as often as the retries allow", arguments: [408, 429, 500, 502, 503, 504])
    func passing(status: Int) async throws {
        let http = FakeHTTP([.answer(status), .answer(status), .answer(200, #"{"model_state_id":"7"}"#)])
        #expect(try await client(http).state(of: "q", .test()) == "7")
        #expect(http.requests.count == 3)
        let always = FakeHTTP([.answer(status)])
        await #expect(throws: CARError.self) { try await client(always).state(of: "q", .test()) }
        #expect(always.requests.count == 5)
    }

    @Test("What will not pass is not tried again", arguments: [302, 400, 401, 403, 404, 409, 418, 422])
    func final(status: Int) async throws {
        let http = FakeHTTP([.answer(status)])
        await #expect(throws: CARError.self) { try await client(http).setState(of: "q", to: "1", .test()) }
        #expect(http.requests.count == 1)
    }

    @Test("An import is sent again, the same, when its answer got lost")
    func importAgain() async throws {
        for failure in [Result.failed(.dropped), .failed(.timeout), .answer(500), .answer(502), .answer(504)] {
            let http = FakeHTTP([failure, .answer(201, #"{"id":"1"}"#)])
            #expect(try await client(http).post([7], .test()) == "1")
            #expect(http.requests.map(\.bodyBytes) == [[7], [7]])
        }
    }

    @Test("A database that is neither there nor may be made is asked for with growing pauses")
    func absentDatabase() async throws {
        let ready = #"{"databases":[{"is_ready":true,"graph_name":"assets"}]}"#
        let http = FakeHTTP([.answer(400), .answer(409), .answer(400), .answer(409), .answer(200, ready)])
        #expect(try await client(http).prepareDatabase(.test()))
        #expect(clock.pauses.count == 2 && clock.pauses == clock.pauses.sorted())
    }

    @Test("Imports are asked about with growing pauses until none is under way, and the first error ends it")
    func status() async throws {
        let open = #"{"error_imports":[],"incomplete_imports":[{"id":"b","status":"IN PROGRESS"}]}"#
        let done = #"{"error_imports":[],"incomplete_imports":[]}"#
        let http = FakeHTTP([.answer(200, open), .answer(200, open), .answer(200, open), .answer(200, done)])
        try await client(http).awaitImports(["a", "b"], .test())
        #expect(http.requests.map { $0.url.split(separator: "=").last } == ["a,b", "b", "b", "b"])
        #expect(clock.pauses == clock.pauses.sorted() && Set(clock.pauses).count == 3)
        let failed = FakeHTTP([.answer(200, #"{"error_imports":[{"id":"a","error":"no"}],"incomplete_imports":[]}"#)])
        await #expect(throws: CARError(.failed, call: "POST /imports", message: "no")) {
            try await client(failed).awaitImports(["a"], .test())
        }
    }

    @Test(
        "An answer that does not say what is under way and what failed is not taken for the end",
        arguments: [
            "{}", #"{"error_imports":[]}"#, #"{"incomplete_imports":[]}"#,
            #"{"error_imports":null,"incomplete_imports":null}"#,
            #"{"error_imports":[],"incomplete_imports":[{"status":"IN PROGRESS"}]}"#,
        ]
    )
    func unclearStatus(text: String) async throws {
        let http = FakeHTTP([.answer(200, text)])
        await #expect(throws: CARError.self) { try await client(http).awaitImports(["a"], .test()) }
    }

    @Test(
        "A query whose answer has an error or no list was not answered",
        arguments: [
            #"{"data":{"asset_account":null},"errors":[{"message":"timeout"}]}"#,
            #"{"data":{"asset_account":[]},"errors":[{"message":"cut"}]}"#, #"{"data":{"asset_account":null}}"#,
            #"{"data":{}}"#, #"{"data":{"asset_account":{}}}"#, #"{"data":{"asset_account":[{"source":"q"}]}}"#,
        ]
    )
    func failedQuery(text: String) async throws {
        let http = FakeHTTP([.answer(200, text)])
        await #expect(throws: CARError.self) {
            try await client(http).neighbours("asset_account", of: ("asset", "q/1"), at: "account", .test())
        }
        let good = FakeHTTP([.answer(200, #"{"data":{"asset_account":[{"account_id":"q/a/b"}]},"errors":[]}"#)])
        let found = try await client(good).neighbours("asset_account", of: ("asset", "q/1"), at: "account", .test())
        #expect(found == ["a/b"])
    }

    @Test("A wait that would end after the deadline is not begun")
    func deadline() async throws {
        let http = FakeHTTP([.answer(200, #"{"error_imports":[],"incomplete_imports":[{"id":"a"}]}"#)])
        await #expect(throws: CARError.self) { try await client(http).awaitImports(["a"], .test(.seconds(5))) }
        #expect(clock.now < FakeClock.start + .seconds(5))
    }

    @Test("Credentials go with every call to CAR's own host, and an answer that is no JSON is an error")
    func signIn() async throws {
        let http = FakeHTTP([.answer(200, "<html>")])
        await #expect(throws: CARError.self) {
            try await client(http).neighbours("asset_account", of: ("asset", "q/1"), at: "account", .test())
        }
        let request = try #require(http.requests.first)
        #expect(request.headers["Authorization"] == "Basic azpw")
        #expect(request.url == "https://car.test/api/car/v3/query")
    }

    @Test(
        "The address of CAR is checked",
        arguments: [
            "https://car.test/", "car.test/api/car/v2", "https://u@car.test/api/car/v2",
            "https://car.test/api/car/v2?x=/api/car/v2",
        ]
    )
    func address(url: String) {
        #expect(throws: CARAccountError.url) { try CARAccount(url: url, token: Redacted("t")) }
    }
}
