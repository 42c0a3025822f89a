import HTTPTransport
import Support
import Testing

@Suite(.timeLimit(.minutes(1))) struct PoolTests {
    private let folder = TemporaryFolder()

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

    @Test func `A connection that the server closed meanwhile is not used again`() async throws {
        let isClosed = Gate()
        let server = ScriptedServer { peer in
            if peer.number == 1 {
                _ = peer.readRequest()
                peer.answer()
                peer.close()
                isClosed.open()
            } else {
                while peer.readRequest() != nil { peer.answer("200 OK", "body") }
            }
        }
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        await isClosed.wait()
        let body = HTTPRequestBody.stream(count: 1) {
            $0[0] = 0x78; return 1
        }
        #expect(try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body)).text == "body")
        #expect(try await transport.fetch(HTTPRequest(url: server.url)).text == "body")
        #expect(server.connections == 2)
    }

    enum BodyKind: CaseIterable { case none, bytes, file }

    @Test(arguments: BodyKind.allCases, [false, true])
    func `A request that meets a dying connection is sent again`(kind: BodyKind, resets: Bool) async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            if peer.number == 1 {
                peer.answer()
                // The next request is read, and has no answer.
                _ = peer.readRequest()
                if resets { peer.resetWhenClosed() }
            } else {
                peer.answer("200 OK", "body")
            }
        }
        let content = Array("0123456789".utf8)
        let body: HTTPRequestBody =
            switch kind {
            case .none: .none
            case .bytes: .bytes(content)
            case .file: .file(path: folder.write("f", [0x78] + content), offset: 1, count: 10)
            }
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        let response = try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body))
        #expect(response.text == "body")
        #expect(server.connections == 2)
        let bodies = server.requests.map(\.body)
        #expect(bodies.count == 3)
        #expect(bodies.last == (kind == .none ? [] : content))
    }

    @Test(arguments: [BodyKind.bytes, .file])
    func `A body that a dying connection did not take is sent again`(kind: BodyKind) async throws {
        let content = [UInt8](repeating: 0x78, count: 8 << 20)
        let server = ScriptedServer { peer in
            if peer.number == 1 {
                _ = peer.readRequest()
                peer.answer()
                _ = peer.readHead()
                _ = peer.skip()
                peer.resetWhenClosed()
            } else {
                _ = peer.readRequest()
                peer.answer("200 OK", "body")
            }
        }
        let body: HTTPRequestBody =
            kind == .bytes ? .bytes(content) : .file(path: folder.write("f", content), offset: 0, count: 8 << 20)
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        let response = try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body))
        #expect(response.text == "body")
        #expect(server.requests.last?.body == content)
        #expect(server.connections == 2)
    }

    @Test func `A new connection that dies is not tried again`() async {
        let server = ScriptedServer { peer in _ = peer.readRequest() }
        let error = await CurlTransport().failure(HTTPRequest(method: "PUT", url: server.url, body: .bytes([1])))
        #expect(error?.reason == .dropped)
        #expect(server.connections == 1)
    }

    @Test func `A stream never meets a dying connection`() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.answer()
            if peer.readRequest() != nil { return }
        }
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        let body = HTTPRequestBody.stream(count: 1) {
            $0[0] = 0x78; return 1
        }
        #expect(try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body)).status == 200)
        #expect(server.connections == 2)
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
