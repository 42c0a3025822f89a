import HTTPTransport
import Testing

/// The server closes an idle connection whenever it likes, also at the moment when it is used again.
@Suite(.timeLimit(.minutes(5))) struct StaleConnectionTests {
    private let folder = TemporaryFolder()

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

    @Test(arguments: [BodyKind.bytes, .file], [true, false])
    func `A body that a dying connection did not take is sent again`(kind: BodyKind, resets: Bool) async throws {
        let content = [UInt8](repeating: 0x78, count: 8 << 20)
        let done = Gate()
        let server = ScriptedServer { peer in
            if peer.number == 1 {
                _ = peer.readRequest()
                peer.answer()
                _ = peer.readHead()
                _ = peer.skip()
                // A reset is mostly found by reading; a write that fails is what libcurl does not make up for.
                if resets {
                    peer.resetWhenClosed()
                } else {
                    peer.breakClientsSending()
                    done.block()
                }
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
        done.open()
        #expect(response.text == "body")
        #expect(server.requests.last?.body == content)
        #expect(server.connections == 2)
    }

    @Test func `A body is sent again once, and not by a connection that was new`() async throws {
        let done = Gate()
        let server = ScriptedServer { peer in
            if peer.number == 1 {
                _ = peer.readRequest()
                peer.answer()
            }
            _ = peer.readHead()
            _ = peer.skip()
            peer.breakClientsSending()
            done.block()
        }
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        let body = HTTPRequestBody.bytes([UInt8](repeating: 0x78, count: 8 << 20))
        let error = await transport.failure(HTTPRequest(method: "PUT", url: server.url, body: body))
        done.open()
        #expect(error?.reason == .dropped)
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
}
