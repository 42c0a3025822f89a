import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CompressionTests {
    private let folder = TemporaryFolder()

    @Test(arguments: [(100_000, true), (99_999, false)])
    func `A compressed body arrives unpacked, and the limit is for what is unpacked`(limit: Int, fits: Bool)
        async throws
    {
        let packed = try #require(await gzipOfLetters())
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n")
            peer.send(packed)
        }
        let request = HTTPRequest(url: server.url, compression: .unpacked)
        if fits {
            let response = try await CurlTransport().send(request, into: .collect(limit: limit))
            #expect(response.body == [UInt8](repeating: 0x61, count: 100_000))
            #expect(server.requests.first?.head.contains("Accept-Encoding: gzip\r\n") == true)
        } else {
            #expect(await CurlTransport().failure(request, into: .collect(limit: limit))?.reason == .tooLarge)
        }
        #expect(packed.count < 1000)
    }

    @Test func `A compressed body arrives as it was sent where that is wanted`() async throws {
        let packed = try #require(await gzipOfLetters())
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n")
            peer.send(packed)
        }
        let request = HTTPRequest(url: server.url, compression: .asSent)
        #expect(try await CurlTransport().send(request, into: .collect(limit: packed.count)).body == packed)
        #expect(server.requests.first?.head.contains("Accept-Encoding: gzip\r\n") == true)
    }

    @Test func `A compressed body that nobody asked for arrives as it came`() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.answer(headers: "Content-Encoding: gzip\r\n", "not unpacked")
        }
        #expect(try await CurlTransport().fetch(HTTPRequest(url: server.url)).text == "not unpacked")
    }

    /// 100,000 letters, packed into a hundred bytes or so.
    private func gzipOfLetters() async -> [UInt8]? {
        let path = folder.path + "/letters.gz"
        guard await runProgram(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' a | gzip -n > \(path)"]) == 0 else {
            return nil
        }
        return folder.read("letters.gz")
    }
}
