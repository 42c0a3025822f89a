import HTTPTransport
import Support
import Testing

@Suite(.timeLimit(.minutes(5))) struct PoolTests {
    private func serve() -> ScriptedServer {
        ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer("200 OK", "body") }
        }
    }

    @Test func `Requests one after the other share a connection`() async throws {
        let server = serve()
        let transport = CurlTransport()
        for method in ["GET", "PUT", "HEAD", "POST", "DELETE", "GET"] {
            // An answer to HEAD must have no body, which this server does not know.
            if method == "HEAD" { continue }
            _ = try await transport.fetch(HTTPRequest(method: method, url: server.url))
        }
        #expect(server.connections == 1)
        #expect(server.requests.count == 5)
    }

    @Test func `Fifty requests at once are in flight together`() async throws {
        let (allAreHere, count) = (Gate(), Shared(0))
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil {
                let here = count.change { count in
                    count += 1
                    return count
                }
                if here == 50 { allAreHere.open() }
                allAreHere.block()
                peer.answer("200 OK", "body")
            }
        }
        let transport = CurlTransport()
        try await withThrowingTaskGroup { group in
            for index in 0..<50 {
                group.addTask { try await transport.fetch(HTTPRequest(url: server.url + "/\(index)")).text }
            }
            for try await text in group { #expect(text == "body") }
        }
        #expect(server.connections == 50)
        #expect(Set(server.requests.map(\.line)).count == 50)
    }

    @Test func `After a freeze no idle connection is used again, and a long poll lives on`() async throws {
        let (isPolling, mayAnswer) = (Gate(), Gate())
        let server = ScriptedServer { peer in
            while let request = peer.readRequest() {
                if request.line.contains("/next") {
                    isPolling.open()
                    mayAnswer.block()
                }
                peer.answer("200 OK", "body \(peer.number)")
            }
        }
        let time = Shared(Timestamp(seconds: 1_000_000))
        let clock = WallClock(now: { time.value }, sleep: { _ in })
        let transport = CurlTransport(clock: clock)
        let url = server.url

        async let next = transport.fetch(HTTPRequest(url: url + "/next", limits: HTTPLimits(idle: nil, total: nil)))
        await isPolling.wait()
        #expect(try await transport.fetch(HTTPRequest(url: url)).text == "body 2")
        #expect(try await transport.fetch(HTTPRequest(url: url)).text == "body 2")
        time.change { $0 = $0 + .seconds(3600) }
        #expect(try await transport.fetch(HTTPRequest(url: url)).text == "body 3")
        #expect(try await transport.fetch(HTTPRequest(url: url)).text == "body 3")
        mayAnswer.open()
        #expect(try await next.text == "body 1")
    }
}
