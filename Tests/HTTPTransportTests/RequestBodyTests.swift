import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequestBodyTests {
    private struct Stop: Error {}

    private let folder = TemporaryFolder()

    private func serve() -> ScriptedServer {
        ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer() }
        }
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

    @Test func `100 MB pass in either direction without being held`() async throws {
        let size = 100 << 20
        let server = ScriptedServer { peer in
            guard let head = peer.readHead() else { return }
            if head.hasPrefix("PUT") {
                var left = size
                while left > 0 {
                    let count = peer.skip()
                    if count == 0 { return }
                    left -= count
                }
                peer.answer()
            } else {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                let piece = [UInt8](repeating: 7, count: 1 << 20)
                for _ in 0..<100 { peer.send(piece) }
            }
        }
        let before = peakMemory()
        let transport = CurlTransport()
        let (given, got) = (Shared(0), Shared((bytes: 0, largest: 0)))
        let body = HTTPRequestBody.stream(count: Int64(size)) { buffer in
            let room = buffer.count
            given.change { $0 = max($0, room) }
            buffer.initializeMemory(as: UInt8.self, repeating: 7)
            return buffer.count
        }
        _ = try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body))
        let sink = HTTPBodySink.stream { piece in
            let count = piece.count
            got.change { $0 = ($0.bytes + count, max($0.largest, count)) }
        }
        _ = try await transport.send(HTTPRequest(url: server.url), into: sink)

        #expect(got.value.bytes == size)
        #expect(got.value.largest <= 64 << 10)
        #expect(given.value <= 64 << 10)
        // Other tests run in this process meanwhile.
        #expect(peakMemory() - before < 60 << 10)
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

    /// The most memory that this process has had, in KB.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }
}
