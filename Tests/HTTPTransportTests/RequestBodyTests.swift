import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct RequestBodyTests {
    private struct Stop: Error {}

    private let folder = TemporaryFolder()

    private func serve() -> ScriptedServer {
        ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer() }
        }
    }

    /// libcurl sends what is short together with the head, and the rest piece by piece.
    @Test(arguments: [1, 16_384, 65_535, 65_536, 65_537, 200_000], ["PUT", "POST", "DELETE"])
    func `Bytes of any length arrive as they are`(count: Int, method: String) async throws {
        let server = serve()
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let transport = CurlTransport()
        for _ in 0..<2 {
            _ = try await transport.fetch(HTTPRequest(method: method, url: server.url, body: .bytes(content)))
        }
        #expect(server.requests.count == 2)
        for request in server.requests {
            #expect(request.line == "\(method) / HTTP/1.1")
            #expect(!request.head.contains("Content-Type"))
            #expect(request.head.contains("Content-Length: \(count)\r\n"))
            #expect(request.body == content)
        }
        #expect(server.connections == 1)
    }

    @Test(arguments: [(0, 10), (3, 4), (9, 1), (5, 0)])
    func `A part of a file is sent, and no more of it`(offset: Int, count: Int) async throws {
        let server = serve()
        let content = Array("0123456789".utf8)
        let path = folder.write("f", content)
        let body = HTTPRequestBody.file(path: path, offset: Int64(offset), count: Int64(count))
        _ = try await CurlTransport().fetch(HTTPRequest(method: "PUT", url: server.url, body: body))
        let request = try #require(server.requests.first)
        #expect(request.head.contains("Content-Length: \(count)\r\n"))
        #expect(request.body == Array(content[offset..<offset + count]))
    }

    @Test func `A file that is shorter than it should be ends the transfer`() async {
        let server = serve()
        let path = folder.write("f", Array("0123456789".utf8))
        let body = HTTPRequestBody.file(path: path, offset: 5, count: 6)
        let error = await CurlTransport().failure(HTTPRequest(method: "PUT", url: server.url, body: body))
        #expect(error?.reason == .sink)
        #expect(error?.detail == "the body ended after 5 of 6 bytes")
    }

    @Test func `A file that is not there is found out before anything is sent`() async {
        let server = serve()
        let body = HTTPRequestBody.file(path: folder.path + "/none", offset: 0, count: 1)
        let error = await CurlTransport().failure(HTTPRequest(method: "PUT", url: server.url, body: body))
        #expect(error?.reason == .sink)
        #expect(error?.detail.contains("No such file") == true)
        #expect(server.connections == 0)
    }

    @Test func `A stream of known length is sent with that length`() async throws {
        let server = serve()
        let body = HTTPRequestBody.stream(count: 6, read: pieces(["abc", "de", "f", "not sent"]))
        _ = try await CurlTransport().fetch(HTTPRequest(method: "POST", url: server.url, body: body))
        let request = try #require(server.requests.first)
        #expect(request.head.contains("Content-Length: 6\r\n"))
        #expect(request.body == Array("abcdef".utf8))
    }

    @Test func `A stream of unknown length is chunked`() async throws {
        let server = serve()
        let body = HTTPRequestBody.stream(count: nil, read: pieces(["abc", "de"]))
        _ = try await CurlTransport().fetch(HTTPRequest(method: "POST", url: server.url, body: body))
        let request = try #require(server.requests.first)
        #expect(request.head.contains("Transfer-Encoding: chunked\r\n"))
        #expect(!request.head.contains("Content-Length"))
        #expect(String(decoding: request.body, as: UTF8.self) == "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    }

    @Test(arguments: [
        (HTTPRequestBody.stream(count: 6) { _ in 0 }, "ended after 0 of 6"),
        (.stream(count: 6) { $0.count + 1 }, "says it wrote"),
        (.stream(count: nil) { _ in -1 }, "says it wrote"),
        (.stream(count: 6) { _ in throw Stop() }, "Stop"),
        (.stream(count: nil) { _ in throw Stop() }, "Stop"),
    ])
    func `A stream that fails ends the transfer`(body: HTTPRequestBody, why: String) async {
        let server = serve()
        let error = await CurlTransport().failure(HTTPRequest(method: "PUT", url: server.url, body: body))
        #expect(error?.reason == .sink)
        #expect(error?.detail.contains(why) == true)
    }

    /// A closure that gives one piece a call.
    private func pieces(_ texts: [String]) -> @Sendable (UnsafeMutableRawBufferPointer) -> Int {
        let left = Shared(texts[...])
        return { buffer in
            guard let text = left.change({ $0.popFirst() }) else { return 0 }
            let bytes = Array(text.utf8.prefix(buffer.count))
            buffer.copyBytes(from: bytes)
            return bytes.count
        }
    }
}
