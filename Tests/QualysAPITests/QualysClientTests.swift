import Compression
import HTTPTransport
import Support
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import QualysAPI

@Suite("A call of Qualys")
struct QualysClientTests {
    private let clock = FakeClock()
    private static let call = QualysCall(.hostList, path: "/api/2.0/fo/asset/host/", body: .form([("action", "list")]))

    private static let account = QualysAccount(
        username: Redacted("zoë"),
        password: Redacted("p&+%"),
        apiURL: "https://api.example.test/",
        gatewayURL: "https://gateway.example.test"
    )

    private func client(
        _ http: FakeHTTP,
        accounts: [QualysAccount] = [Self.account],
        workers: Int = 4
    ) -> QualysClient {
        let reads = Mutex(0)
        let sessions = QualysSessions(http: http.client, clock: clock.clock) { _ in
            reads.withLock { reads in
                reads += 1
                return accounts[min(reads, accounts.count) - 1]
            }
        }
        return QualysClient(
            sessions: sessions,
            http: http.client,
            workers: workers,
            clock: clock.clock,
            random: { 0.5 }
        )
    }

    private func send(_ client: QualysClient, _ call: QualysCall = Self.call) async throws(QualysError) -> String {
        try await client.send(call, .test(.seconds(600), now: clock.now)) {
            let body = SpooledBody(folder: "/tmp")
            return AnswerReceiver(sink: body.sink) { (_: HTTPResponse) throws(AnswerFault) in
                let text = String(decoding: body.prefix(1000), as: UTF8.self)
                if text.hasPrefix("cut") { throw .unreadable("It is cut.") }
                if text.hasPrefix("<") || text.hasPrefix("{") { throw .error(Array(text.utf8)) }
                return text
            }
        }
    }

    @Test("It is signed in with Basic in UTF-8, says who calls, and sends its form encoded")
    func request() async throws {
        let http = FakeHTTP([.answer(200, "fine")])
        let call = QualysCall(
            .hostList,
            path: "/api/2.0/fo/asset/host/",
            query: [("echo_request", "1")],
            body: .form([("action", "list"), ("tag_set_include", "Größe & Co"), ("ids", "1-3,7")])
        )
        #expect(try await send(client(http), call) == "fine")
        let sent = try #require(http.requests.first)
        #expect(sent.url == "https://api.example.test/api/2.0/fo/asset/host/?echo_request=1")
        #expect(sent.headers["Authorization"] == "Basic em/DqzpwJisl")
        #expect(sent.headers["X-Requested-With"] != nil)
        #expect(sent.bodyText == "action=list&tag_set_include=Gr%C3%B6%C3%9Fe%20%26%20Co&ids=1-3,7")
    }

    @Test(
        "The record of a request has what was asked for, but for long lists of ids",
        arguments: [
            (.form([("action", "list"), ("ids", "1,2,3")]), "action=list&ids=(3 parts)"),
            (
                .xml(Array("<a field=\"id\">10,11,12,13,14</a><b>4,2</b>".utf8)),
                "body=<a field=\"id\">(5 parts)</a><b>4,2</b>"
            ),
            (.json(Array("{}".utf8)), "body={}"), (.none, ""),
        ] as [(QualysCall.Body, String)]
    )
    func records(body: QualysCall.Body, parameters: String) async throws {
        let http = FakeHTTP([.answer(200, "fine")])
        let seen = Journal<String>()
        let call = QualysCall(.assetManagement, path: "/a", body: body)
        _ = try await send(client(http).observed { seen.write($0.parameters) }, call)
        #expect(seen.entries == [parameters])
    }

    @Test(
        "What may pass is tried again",
        arguments: [
            .answer(503, "<html>down</html>"), .answer(202), .answer(500), .failed(.dropped), .failed(.timeout),
            .answer(200, "cut"), .answer(200, "<GENERIC_RETURN><RETURN number=\"999\">Internal error.</RETURN>"),
            .answer(200, #"{"responseCode":"OTHER_ERROR"}"#),
        ] as [Result<HTTPResponse, HTTPError>]
    )
    func again(first: Result<HTTPResponse, HTTPError>) async throws {
        let http = FakeHTTP([first, first, .answer(200, "fine")])
        #expect(try await send(client(http)) == "fine")
        #expect(http.requests.count == 3)
        #expect(clock.pauses.count == 2)
    }

    @Test(
        "An outage is waited out as long as the call has patience, and no longer",
        arguments: [
            (Result<HTTPResponse, HTTPError>.answer(503, "down"), true), (.failed(.dropped), true),
            // This call's own trouble.
            (.answer(500), false), (.answer(200, "cut"), false),
        ]
    )
    func patience(failure: Result<HTTPResponse, HTTPError>, isOutage: Bool) async throws {
        let http = FakeHTTP([failure])
        var call = Self.call
        (call.attempts, call.patience) = (3, .seconds(300))
        let began = clock.now
        let error = await #expect(throws: QualysError.self) { try await send(client(http), call) }
        #expect((http.requests.count > 3) == isOutage)
        // Only where nobody answers at all it is everybody's trouble.
        #expect((error?.kind == .outage) == ((try? failure.get()) == nil))
        #expect((clock.now - began >= .seconds(300)) == isOutage)
        #expect(clock.now - began < .seconds(340))
        // It ends, and all is well.
        let passing = FakeHTTP(Array(repeating: .answer(503, "down"), count: 8) + [.answer(200, "fine")])
        #expect(try await send(client(passing), call) == "fine")
    }

    @Test("When nobody has answered for that long, no other call waits as long again")
    func everybody() async throws {
        let http = FakeHTTP([.failed(.dropped)])
        let client = client(http)
        var call = Self.call
        call.patience = .seconds(300)
        await #expect(throws: QualysError.self) { try await send(client, call) }
        let (count, moment) = (http.requests.count, clock.now)
        await #expect(throws: QualysError.self) { try await send(client, call) }
        #expect(http.requests.count == count + 1 && clock.now - moment < .seconds(60))
    }

    @Test("It gives up after as many attempts as the call has, with the last failure")
    func givesUp() async throws {
        let http = FakeHTTP([.answer(503, "down")])
        var call = Self.call
        call.attempts = 3
        let error = await #expect(throws: QualysError.self) { try await send(client(http), call) }
        #expect(error?.kind == .unavailable)
        #expect(error?.status == 503)
        #expect(http.requests.count == 3)
    }

    @Test(
        "What is final ends at once",
        arguments: [
            (.answer(200, #"{"responseCode":"INVALID_REQUEST"}"#), QualysError.Kind.refused),
            (.answer(404), .notFound), (.answer(403), .permission), (.failed(.tls), .unavailable),
            (.answer(200, "<SIMPLE_RETURN><RESPONSE><CODE>1905</CODE><TEXT>no</TEXT>"), .refused),
        ] as [(Result<HTTPResponse, HTTPError>, QualysError.Kind)]
    )
    func final(answer: Result<HTTPResponse, HTTPError>, kind: QualysError.Kind) async throws {
        let http = FakeHTTP([answer])
        let error = await #expect(throws: QualysError.self) { try await send(client(http)) }
        #expect(error?.kind == kind)
        #expect(http.requests.count == 1)
    }

    @Test("A refusal that came compressed is read, also one that was cut")
    func compressedRefusal() async throws {
        let noise = (0..<20_000).map { "\($0 &* 7919)" }.joined()
        let text = "<SIMPLE_RETURN><CODE>1905</CODE><TEXT>no such day</TEXT>\(noise)"
        let packed = GzipWriter.compress(Array(text.utf8))
        for body in [packed, Array(packed.prefix(packed.count / 2))] {
            let http = FakeHTTP([.success(HTTPResponse(status: 400, body: body))])
            let error = await #expect(throws: QualysError.self) { try await send(client(http)) }
            #expect(error?.code == "1905")
            #expect(error?.message == "no such day")
        }
    }

    @Test(
        "An answer that repeats what was sent shows no credentials, in whatever form it repeats them",
        arguments: ["Basic em/DqzpodW50ZXImMg==", "em/DqzpodW50ZXImMg==", "hunter&2", "hunter%262"]
    )
    func echo(secret: String) async throws {
        let account = QualysAccount(
            username: Redacted("zoë"),
            password: Redacted("hunter&2"),
            apiURL: "https://api.example.test",
            gatewayURL: "https://gateway.example.test"
        )
        #expect(account.basicAuthorization == "Basic em/DqzpodW50ZXImMg==")
        for status in [400, 200] {
            let http = FakeHTTP([.answer(status, "<SIMPLE_RETURN><CODE>1901</CODE><TEXT>Header: \(secret)</TEXT>")])
            let error = await #expect(throws: QualysError.self) { try await send(client(http, accounts: [account])) }
            #expect(error?.description.contains(secret) == false)
            #expect(error?.description.contains("Header: ") == true)
        }
    }

    @Test("A limit is waited out as long as the server says, wherever it says it, and never right away")
    func limits() async throws {
        let cases: [(HTTPHeaders, String, ClosedRange<Int64>)] = [
            (["X-RateLimit-ToWait-Sec": "40"], "<SIMPLE_RETURN><CODE>1965</CODE>", 40_000...40_250),
            (["Retry-After": "9"], "", 9_000...9_250),
            (["Retry-After": "Sat, 21 Nov 2026 03:01:05 GMT"], "", 20_000...20_250),
            (["Retry-After": "Sat, 21 Nov 2026 03:00:00 GMT"], "", 1_000...5_000),
            (["Retry-After": "soon"], "", 1_000...5_000),
            (
                [:],
                "<SIMPLE_RETURN><CODE>1965</CODE><KEY>SECONDS_TO_WAIT</KEY><VALUE>17</VALUE>",
                17_000...17_250
            ),
            (["X-RateLimit-ToWait-Sec": "0"], "<SIMPLE_RETURN><CODE>1960</CODE>", 1_000...5_000),
            ([:], "", 1_000...5_000),
        ]
        for (headers, body, wait) in cases {
            let clock = FakeClock()
            let http = FakeHTTP([.answer(409, body, headers: headers), .answer(200, "fine")])
            let sessions = QualysSessions(http: http.client, clock: clock.clock) { _ in Self.account }
            let client = QualysClient(
                sessions: sessions,
                http: http.client,
                workers: 2,
                clock: clock.clock,
                random: { 0.5 }
            )
            #expect(try await send(client) == "fine")
            #expect(wait.contains((clock.now - FakeClock.start).milliseconds), "\(headers) \(body)")
        }
    }

    @Test("A long wait for a limit is told, with the name of the API")
    func longWait() async throws {
        let http = FakeHTTP([.answer(409, headers: ["X-RateLimit-ToWait-Sec": "400"]), .answer(200, "fine")])
        let book = LogBook()
        var context = CallContext.test(.seconds(600), now: clock.now)
        context.log = book.logger
        _ = try await client(http).send(Self.call, context) {
            AnswerReceiver(sink: .collect(limit: 10)) { (_: HTTPResponse) throws(AnswerFault) in }
        }
        #expect(book.messages.filter { $0 == "Qualys accepts the next call later" }.count == 1)
        #expect(book.text.contains("asset/host") && book.text.contains(#""seconds": 400"#), "\(book.text)")
    }

    @Test("After refusals that tell no number there are as many calls at a time as the server takes")
    func untold() async throws {
        let running = Mutex((now: 0, refused: 0))
        let http = HTTPClient { _, _ throws(HTTPError) in
            let fits = running.withLock { running in
                running.now += 1
                if running.now > 2 { running.refused += 1 }
                return running.now <= 2
            }
            for _ in 0..<50 { await Task.yield() }
            running.withLock { $0.now -= 1 }
            return fits
                ? HTTPResponse(200, "fine")
                : HTTPResponse(409, #"{"ServiceResponse":{"responseCode":"LIMIT_EXCEEDED"}}"#)
        }
        let sessions = QualysSessions(http: http, clock: clock.clock) { _ in Self.account }
        let client = QualysClient(sessions: sessions, http: http, workers: 8, clock: clock.clock, random: { 0.5 })
        let context = CallContext.test(.seconds(100_000), now: clock.now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await client.send(Self.call, context) {
                        AnswerReceiver(sink: .collect(limit: 10)) { (_: HTTPResponse) throws(AnswerFault) in }
                    }
                }
            }
            try await group.waitForAll()
        }
        // Six of the first eight; the fake clock lets others begin before all of those have been told.
        #expect(running.withLock { $0.refused } <= 16)
    }

    @Test("A limit that lasts beyond the deadline is told instead of waited for")
    func longLimit() async throws {
        let http = FakeHTTP([.answer(409, headers: ["X-RateLimit-ToWait-Sec": "68928"])])
        let error = await #expect(throws: QualysError.self) { try await send(client(http)) }
        #expect(error?.kind == .limit)
        #expect(error?.isOutOfTime == true)
        #expect(http.requests.count == 1)
    }

    @Test("A refused sign-in is tried once more when the secret has changed since, and only then")
    func changedSecret() async throws {
        let changed = QualysAccount(
            username: Redacted("zoë"),
            password: Redacted("new"),
            apiURL: "https://api.example.test",
            gatewayURL: "https://gateway.example.test"
        )
        let refused = Result<HTTPResponse, HTTPError>.answer(401)
        let http = FakeHTTP([refused, .answer(200, "fine")])
        #expect(try await send(client(http, accounts: [Self.account, changed])) == "fine")
        #expect(http.requests[0].headers["Authorization"] != http.requests[1].headers["Authorization"])

        let same = FakeHTTP([refused, .answer(200, "fine")])
        let error = await #expect(throws: QualysError.self) { try await send(client(same)) }
        #expect(error?.kind == .signIn)
        #expect(same.requests.count == 1)
    }

    @Test("The gateway is called with its token, which is fetched once and renewed when it has run out")
    func gateway() async throws {
        let http = FakeHTTP { request, number throws(HTTPError) in
            if request.url.hasSuffix("/auth") { return HTTPResponse(201, "head.number\(number).tail\n") }
            let isExpired = request.headers["Authorization"] == "Bearer head.number1.tail" && number > 2
            return isExpired ? HTTPResponse(401, #"{"message":"JWT expired"}"#) : HTTPResponse(200, "fine")
        }
        let client = client(http)
        let call = QualysCall(.gateway, path: "/rest/2.0/search/am/asset")
        #expect(try await send(client, call) == "fine")
        #expect(try await send(client, call) == "fine")
        let paths = http.requests.map { $0.url.replacingPrefix("https://gateway.example.test") }
        #expect(
            paths == [
                "/auth", "/rest/2.0/search/am/asset", "/rest/2.0/search/am/asset", "/auth", "/rest/2.0/search/am/asset",
            ]
        )
        #expect(http.requests[0].bodyText == "username=zo%C3%AB&password=p%26%2B%25&token=true")
        #expect(http.requests[4].headers["Authorization"] == "Bearer head.number4.tail")
    }

    @Test(
        "Nothing is sent to an address that is not https, but on this machine",
        arguments: [
            ("http://api.example.test", false), ("ftp://api.example.test", false), ("api.example.test", false),
            ("http://user@127.0.0.1", false), ("http://127.0.0.1.example.test", false), ("http://127.0.0.1:8080", true),
        ]
    )
    func addresses(url: String, isSent: Bool) async throws {
        let account = QualysAccount(
            username: Redacted("u"),
            password: Redacted("p"),
            apiURL: url,
            gatewayURL: "https://gateway.example.test"
        )
        let http = FakeHTTP([.answer(200, "fine")])
        let answer = try? await send(client(http, accounts: [account]))
        #expect(answer == (isSent ? "fine" : nil))
        #expect(http.requests.count == (isSent ? 1 : 0))
    }

    @Test("No error shows the user, the password or the token")
    func secrets() async throws {
        let http = FakeHTTP([.answer(401, #"{"responseCode":"INVALID_CREDENTIALS"}"#)])
        let error = await #expect(throws: QualysError.self) { try await send(client(http)) }
        let text = "\(error.map { "\($0) \($0.description)" } ?? "")"
        #expect(!text.contains("p&+%") && !text.contains("em/DqzpwJisl"))
        #expect("\(Self.account)".contains("p&+%") == false)
    }
}

@Suite("The body of an answer, spooled")
struct SpooledBodyTests {
    @Test(
        "What was written is read back, in memory or beyond, with its hash",
        arguments: [0, 1, 1000, 1001, 5_000_000]
    )
    func readBack(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let body = SpooledBody(folder: "/tmp", memoryLimit: 1000)
        for start in stride(from: 0, to: count, by: 777) {
            try bytes[start..<min(start + 777, count)].withUnsafeBytes { try body.append($0) }
        }
        var read: [UInt8] = []
        try body.forEachPiece { read.append(contentsOf: $0) }
        #expect(read == bytes)
        #expect(body.byteCount == Int64(count))
        #expect(body.prefix(10) == Array(bytes.prefix(10)))
        #expect(body.sha256.utf8.count == 64)
    }

    @Test("A body that is longer than its limit is refused")
    func limit() throws {
        let body = SpooledBody(folder: "/tmp", limit: 10)
        #expect(throws: SpoolError.tooLong(10)) {
            try [UInt8](repeating: 1, count: 11).withUnsafeBytes { try body.append($0) }
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
