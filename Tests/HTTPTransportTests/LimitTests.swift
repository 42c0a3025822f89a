import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct LimitTests {
    private let short = Duration.milliseconds(150)

    private func expectTimeout(
        _ request: HTTPRequest,
        _ detail: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let start = ContinuousClock.now
        let error = await CurlTransport().failure(request, sourceLocation: sourceLocation)
        let passed = start.duration(to: .now)
        #expect(error?.reason == .timeout, sourceLocation: sourceLocation)
        #expect(error?.detail.contains(detail) == true, "\(error as Any)", sourceLocation: sourceLocation)
        #expect(error?.detail.contains("0.15 s") == true, sourceLocation: sourceLocation)
        #expect(passed >= .milliseconds(145), sourceLocation: sourceLocation)
        // Not the default, which is minutes: the machine may be busy.
        #expect(passed < .seconds(60), sourceLocation: sourceLocation)
    }

    @Test func `A server that takes no connection runs into the connect limit`() async {
        let server = ScriptedServer(neverAccepting: 0)
        // With these the system's queue for the server is full: it answers no more of them.
        let fillers = (0..<4).map { _ in connectToLocalPort(server.port, waits: false) }
        defer { for filler in fillers { close(filler) } }
        await expectTimeout(HTTPRequest(url: server.url, limits: HTTPLimits(connect: short)), "connect limit")
    }

    @Test func `A server that never answers the TLS handshake runs into the connect limit`() async {
        let server = ScriptedServer(neverAccepting: 8)
        let url = "https://127.0.0.1:\(server.port)/"
        await expectTimeout(HTTPRequest(url: url, limits: HTTPLimits(connect: short)), "connect limit")
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
    func `A server that falls silent runs into the idle limit`(answer: String) async {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send(answer)
            peer.waitUntilClosed()
        }
        await expectTimeout(HTTPRequest(url: server.url, limits: HTTPLimits(idle: short, total: nil)), "idle limit")
    }

    @Test func `A server that stops reading runs into the idle limit`() async {
        let done = Gate()
        let server = ScriptedServer { peer in
            _ = peer.readHead()
            done.block()
        }
        let body = [UInt8](repeating: 1, count: 32 << 20)
        let limits = HTTPLimits(idle: short, total: nil)
        await expectTimeout(
            HTTPRequest(method: "PUT", url: server.url, body: .bytes(body), limits: limits),
            "idle limit"
        )
        done.open()
    }

    @Test(arguments: [true, false])
    func `A transfer that takes too long runs into the total limit, trickle or not`(trickles: Bool) async {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            if trickles {
                while peer.send("x") { usleep(5000) }
            } else {
                peer.waitUntilClosed()
            }
        }
        await expectTimeout(HTTPRequest(url: server.url, limits: HTTPLimits(idle: nil, total: short)), "total limit")
    }

    @Test func `The total limit holds while connecting`() async {
        let server = ScriptedServer(neverAccepting: 8)
        let url = "https://127.0.0.1:\(server.port)/"
        await expectTimeout(HTTPRequest(url: url, limits: HTTPLimits(total: short)), "total limit")
    }

    @Test func `A trickle is not silence`() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            for _ in 0..<10 {
                usleep(50_000)
                peer.send("x")
            }
        }
        let limits = HTTPLimits(idle: .milliseconds(300), total: nil)
        let response = try await CurlTransport().fetch(HTTPRequest(url: server.url, limits: limits))
        #expect(response.text == "xxxxxxxxxx")
    }

    @Test(arguments: [Duration.zero, .seconds(-1)])
    func `A limit that is over at the start is not taken for none`(limit: Duration) async {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.waitUntilClosed()
        }
        let error = await CurlTransport().failure(
            HTTPRequest(url: server.url, limits: HTTPLimits(idle: nil, total: limit))
        )
        #expect(error?.reason == .timeout)
    }

    @Test func `A limit longer than libcurl can count is a long limit`() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.answer()
        }
        let limits = HTTPLimits(connect: .seconds(1 << 40), idle: .seconds(1 << 40), total: .seconds(Int64.max))
        #expect(try await CurlTransport().fetch(HTTPRequest(url: server.url, limits: limits)).status == 200)
    }
}
