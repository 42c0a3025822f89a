import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct SinkTests {
    private struct Stop: Error {}

    private let folder = TemporaryFolder()

    /// A server that answers every request with this status and body.
    private func serve(_ status: String = "200 OK", body: String) -> ScriptedServer {
        ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer(status, body) }
        }
    }

    @Test(arguments: [true, false])
    func `A body longer than its limit is too large, announced or not`(isAnnounced: Bool) async {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            if isAnnounced {
                peer.answer("200 OK", "12345")
            } else {
                peer.send("HTTP/1.0 200 OK\r\n\r\n12345")
            }
        }
        let transport = CurlTransport()
        for sink in [HTTPBodySink.collect(limit: 4), .file(path: folder.path + "/f", limit: 4)] {
            let error = await transport.failure(HTTPRequest(url: server.url), into: sink)
            #expect(error?.reason == .tooLarge)
            #expect(error?.mayPass == false)
        }
        #expect(folder.names == [])
    }

    @Test func `A body as long as its limit is not too large`() async throws {
        let server = serve(body: "12345")
        let transport = CurlTransport()
        #expect(try await transport.send(HTTPRequest(url: server.url), into: .collect(limit: 5)).text == "12345")
        _ = try await transport.send(HTTPRequest(url: server.url), into: .file(path: folder.path + "/f", limit: 5))
        #expect(folder.read("f") == Array("12345".utf8))
    }

    @Test func `A file is made for a success, readable by its owner alone, even when it is empty`() async throws {
        let server = serve(body: "")
        let path = folder.path + "/f"
        let response = try await CurlTransport().send(HTTPRequest(url: server.url), into: .file(path: path, limit: 5))
        #expect(response.body.isEmpty)
        var info = stat()
        #expect(stat(path, &info) == 0)
        #expect(info.st_mode & 0o777 == 0o600)
        #expect(info.st_size == 0)
    }

    @Test func `A file that is there already is left as it is`() async {
        let server = serve(body: "new")
        let path = folder.write("f", Array("old".utf8))
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: .file(path: path, limit: 5))
        #expect(error?.reason == .sink)
        #expect(error?.detail.contains("File exists") == true)
        #expect(folder.read("f") == Array("old".utf8))
    }

    @Test func `A link is not followed`() async {
        let server = serve(body: "new")
        symlink(folder.path + "/target", folder.path + "/link")
        let sink = HTTPBodySink.file(path: folder.path + "/link", limit: 5)
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: sink)
        #expect(error?.reason == .sink)
        #expect(folder.names == ["link"])
    }

    @Test func `A file is removed when the transfer fails`() async {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let sink = HTTPBodySink.file(path: folder.path + "/f", limit: 100)
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: sink)
        #expect(error?.reason == .dropped)
        #expect(folder.names == [])
    }

    @Test func `An error page is collected, whatever the sink`() async throws {
        let server = serve("403 Forbidden", body: "<Error/>")
        let transport = CurlTransport()
        let sinks: [HTTPBodySink] = [
            .collect(limit: 1), .file(path: folder.path + "/f", limit: 1),
            .stream { _ in Issue.record("The closure got the error page.") },
        ]
        for sink in sinks {
            let response = try await transport.send(HTTPRequest(url: server.url), into: sink)
            #expect(response.status == 403)
            #expect(response.text == "<Error/>")
        }
        #expect(folder.names == [])
        #expect(server.connections == 1)
    }

    /// DynamoDB's refusal brings the row, which may have 400 KB.
    @Test func `A long error page is kept whole, and its connection is used again`() async throws {
        let server = serve("400 Refused", body: String(repeating: "e", count: 900_000))
        let transport = CurlTransport()
        for _ in 1...2 {
            let response = try await transport.fetch(HTTPRequest(url: server.url))
            #expect(response.body.count == 900_000)
        }
        #expect(server.connections == 1)
    }

    @Test func `An endless error page is cut, and is an answer`() async throws {
        let wasCut = Gate()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 500 Oops\r\n\r\n")
            while peer.send([UInt8](repeating: 0x65, count: 65536)) {}
            wasCut.open()
        }
        let response = try await CurlTransport().fetch(HTTPRequest(url: server.url))
        #expect(response.status == 500)
        #expect(response.body.count == 1 << 20)
        await wasCut.wait()
    }

    @Test func `What a closure throws ends the transfer, and its text stays out of the error`() async {
        let server = serve(body: "body")
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: .stream { _ in throw Stop() })
        #expect(error?.reason == .sink)
        #expect(error?.detail.contains("Stop") == true)
    }

    @Test func `A closure gets the body in order`() async throws {
        let text = String((0..<100_000).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
        let server = serve(body: text)
        let got = Shared<[UInt8]>([])
        let response = try await CurlTransport().send(
            HTTPRequest(url: server.url),
            into: .stream { piece in
                let bytes = Array(piece)
                got.change { $0 += bytes }
            }
        )
        #expect(response.body.isEmpty)
        #expect(got.value == Array(text.utf8))
    }
}
