import HTTPTransport
import Testing

/// What a server gets, byte by byte.
@Suite(.timeLimit(.minutes(5))) struct WireTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var method: String
        var path = "/path"
        var headers: HTTPHeaders = [:]
        var body: HTTPRequestBody = .none
        /// Without the Host line, and with `|` for a line end.
        var wire: String

        var testDescription: String { wire }
    }

    static let cases = [
        Case(method: "GET", wire: "GET /path HTTP/1.1||"),
        Case(method: "GET", body: .bytes([]), wire: "GET /path HTTP/1.1||"),
        Case(
            method: "GET",
            path: "/a/../b/./%2f%7e~'(*)//c?x=%20&y=a+b",
            wire: "GET /a/../b/./%2f%7e~'(*)//c?x=%20&y=a+b HTTP/1.1||"
        ),
        Case(method: "GET", path: "?x=1", wire: "GET /?x=1 HTTP/1.1||"),
        Case(
            method: "GET",
            headers: ["X-A": "1", "x-b": "  2 : 3; \t"],
            wire: "GET /path HTTP/1.1|X-A: 1|x-b: 2 : 3;||"
        ),
        Case(
            method: "GET",
            headers: ["X-Empty": "", "X-Blank": " \t"],
            wire: "GET /path HTTP/1.1|X-Empty:|X-Blank:||"
        ),
        Case(
            method: "GET",
            headers: ["Accept": "text/xml", "User-Agent": "us"],
            wire: "GET /path HTTP/1.1|Accept: text/xml|User-Agent: us||"
        ),
        Case(method: "GET", headers: ["Accept-Encoding": "br"], wire: "GET /path HTTP/1.1|Accept-Encoding: br||"),
        Case(
            method: "GET",
            headers: ["X-Twice": "1", "X-Twice": "2"],
            wire: "GET /path HTTP/1.1|X-Twice: 1|X-Twice: 2||"
        ),
        Case(method: "HEAD", wire: "HEAD /path HTTP/1.1||"),
        Case(method: "DELETE", wire: "DELETE /path HTTP/1.1||"),
        Case(method: "DELETE", body: .bytes([]), wire: "DELETE /path HTTP/1.1|Content-Length: 0||"),
        Case(method: "DELETE", body: .bytes([0x78]), wire: "DELETE /path HTTP/1.1|Content-Length: 1||x"),
        Case(method: "PUT", wire: "PUT /path HTTP/1.1|Content-Length: 0||"),
        Case(method: "PUT", body: .bytes([]), wire: "PUT /path HTTP/1.1|Content-Length: 0||"),
        Case(method: "PUT", body: .bytes(Array("body".utf8)), wire: "PUT /path HTTP/1.1|Content-Length: 4||body"),
        Case(method: "POST", wire: "POST /path HTTP/1.1|Content-Length: 0||"),
        Case(method: "POST", body: .bytes(Array("a=b".utf8)), wire: "POST /path HTTP/1.1|Content-Length: 3||a=b"),
        Case(
            method: "POST",
            headers: ["Content-Type": "text/xml", "Content-Length": "3"],
            body: .bytes(Array("a=b".utf8)),
            wire: "POST /path HTTP/1.1|Content-Type: text/xml|Content-Length: 3||a=b"
        ),
        Case(method: "PATCH", wire: "PATCH /path HTTP/1.1|Content-Length: 0||"),
        Case(method: "PROPFIND", wire: "PROPFIND /path HTTP/1.1||"),
        Case(method: "GET", body: .bytes(Array("{}".utf8)), wire: "GET /path HTTP/1.1|Content-Length: 2||{}"),
    ]

    @Test(arguments: cases)
    func `A request is sent as it was written, with nothing added but its framing`(_ item: Case) async throws {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer() }
        }
        let request = HTTPRequest(
            method: item.method,
            url: server.url + item.path,
            headers: item.headers,
            body: item.body
        )
        let response = try await CurlTransport().fetch(request)

        #expect(response.status == 200)
        let received = try #require(server.requests.first).text
        let host = "Host: 127.0.0.1:\(server.port)\r\n"
        #expect(received.contains(host))
        let rest = received.replacing(host, with: "")
        #expect(rest == item.wire.replacing("|", with: "\r\n"))
    }

    @Test func `A Host of the caller's own takes the place of libcurl's`() async throws {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer() }
        }
        _ = try await CurlTransport().fetch(HTTPRequest(url: server.url, headers: ["Host": "signed.example"]))
        #expect(server.requests.first?.text == "GET / HTTP/1.1\r\nHost: signed.example\r\n\r\n")
    }

    @Test func `A large body is sent without waiting for 100 Continue`() async throws {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer() }
        }
        let body = [UInt8](repeating: 1, count: 3 << 20)
        _ = try await CurlTransport().fetch(HTTPRequest(method: "PUT", url: server.url, body: .bytes(body)))
        #expect(server.requests.first?.head.contains("Expect") == false)
        #expect(server.requests.first?.body == body)
    }
}
