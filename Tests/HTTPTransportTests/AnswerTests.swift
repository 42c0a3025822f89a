import HTTPTransport
import Testing

/// What a server may answer, well or badly.
@Suite(.timeLimit(.minutes(5))) struct AnswerTests {
    /// A server that reads one request and sends this, with `|` for a line end, then closes.
    private func serve(_ text: String, reset: Bool = false) -> ScriptedServer {
        ScriptedServer { peer in
            _ = peer.readRequest()
            if reset { peer.resetWhenClosed() }
            peer.send(text.replacing("|", with: "\r\n"))
        }
    }

    static let whole: [(String, Int, String)] = [
        ("HTTP/1.1 200 OK|Content-Length: 4||body", 200, "body"),
        ("HTTP/1.1 200 OK|Content-Length: 0||", 200, ""),
        ("HTTP/1.1 204 No Content||", 204, ""),
        ("HTTP/1.1 200|Content-Length: 1||x", 200, "x"),
        ("HTTP/1.0 200 OK||until the end", 200, "until the end"),
        ("HTTP/1.1 200 OK|Connection: close||until the end", 200, "until the end"),
        ("HTTP/1.1 200 OK|Transfer-Encoding: chunked||3|abc|2;ext=1|de|0||", 200, "abcde"),
        ("HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 1||x", 200, "x"),
        (
            "HTTP/1.1 102 Processing|X-Early: 1||HTTP/1.1 103 Early Hints|X-Early: 2||HTTP/1.1 200 OK|Content-Length: 1||x",
            200, "x"
        ),
        ("HTTP/1.1 404 Not Found|Content-Length: 4||gone", 404, "gone"),
        ("HTTP/1.1 503 Slow Down|Transfer-Encoding: chunked||4|slow|0||", 503, "slow"),
        ("HTTP/1.1 401 Unauthorized|WWW-Authenticate: Basic|Content-Length: 0||", 401, ""),
        ("HTTP/1.1 304 Not Modified|Content-Length: 9||", 304, ""),
        ("HTTP/1.1 200 OK|Content-Length: 4||body and more", 200, "body"),
        ("HTTP/1.1 200 OK|Set-Cookie: a=b|Content-Length: 0||", 200, ""),
    ]

    @Test(arguments: whole)
    func `A whole answer is an answer, whatever its status`(wire: String, status: Int, body: String) async throws {
        let server = serve(wire)
        let response = try await CurlTransport().fetch(HTTPRequest(url: server.url))
        #expect(response.status == status)
        #expect(response.text == body)
        #expect(response.headers["x-early"] == nil)
        #expect(response.isSuccess == (200..<300).contains(status))
    }

    static let broken: [(String, HTTPError.Reason)] = [
        ("", .dropped),
        ("HTTP/1.1 200 OK|Content-Length: 10||half", .dropped),
        ("HTTP/1.1 200 OK|Transfer-Encoding: chunked||5|hal", .dropped),
        ("HTTP/1.1 200 OK|Transfer-Encoding: chunked||4|half|", .dropped),
        ("HTTP/1.1 500 Oops|Content-Length: 10||half", .dropped),
        ("HTTP/1.1 200 OK|Transfer-Encoding: chunked||zz|", .dropped),
        ("no HTTP at all|", .other),
        ("HTTP/1.1 200 OK|X-Long: \(String(repeating: "x", count: 70_000))||", .tooLarge),
        ("HTTP/1.1 200 OK|\(String(repeating: "X-Many: 0123456789|", count: 4000))|", .tooLarge),
        (String(repeating: "HTTP/1.1 100 Continue||", count: 4000), .tooLarge),
        (
            "HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|x|0|\(String(repeating: "X-T: 1|", count: 10_000))|",
            .tooLarge
        ),
    ]

    @Test(arguments: broken)
    func `An answer that is not whole is an error`(wire: String, reason: HTTPError.Reason) async {
        let server = serve(wire)
        let error = await CurlTransport().failure(HTTPRequest(url: server.url))
        #expect(error?.reason == reason, "\(error as Any)")
    }

    @Test func `A connection that is reset within the body is dropped`() async {
        let server = serve("HTTP/1.1 200 OK|Content-Length: 10||half", reset: true)
        let error = await CurlTransport().failure(HTTPRequest(url: server.url))
        #expect(error?.reason == .dropped)
        #expect(error?.mayPass == true)
    }

    @Test func `Fields keep their order and case, and trailers are no fields`() async throws {
        let server = serve(
            "HTTP/1.1 200 OK|X-First: 1|x-SECOND:  two words \t|Empty:|X-First: again|X-Folded: a|  b|"
                + "Trailer: X-Trailer|Transfer-Encoding: chunked||1|x|0|X-Trailer: 1|X-First: trailing||"
        )
        let response = try await CurlTransport().fetch(HTTPRequest(url: server.url))
        #expect(
            response.headers.fields.map { "\($0.name)=\($0.value)" } == [
                "X-First=1", "x-SECOND=two words", "Empty=", "X-First=again", "X-Folded=a b", "Trailer=X-Trailer",
                "Transfer-Encoding=chunked",
            ]
        )
        #expect(response.headers["X-Second"] == "two words")
        #expect(response.text == "x")
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `A redirect is an answer and is not followed`(status: Int) async throws {
        let server = serve("HTTP/1.1 \(status) Moved|Location: /elsewhere|Content-Length: 2||no")
        let response = try await CurlTransport().fetch(HTTPRequest(url: server.url))
        #expect(response.status == status)
        #expect(response.headers["location"] == "/elsewhere")
        #expect(response.text == "no")
        #expect(server.connections == 1)
    }

    @Test func `The answer to HEAD has the length of a body and none`() async throws {
        let server = serve("HTTP/1.1 200 OK|Content-Length: 1000000||")
        let response = try await CurlTransport().send(
            HTTPRequest(method: "HEAD", url: server.url),
            into: .collect(limit: 10)
        )
        #expect(response.headers["content-length"] == "1000000")
        #expect(response.body.isEmpty)
    }

    @Test func `A cookie is not sent back`() async throws {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer(headers: "Set-Cookie: a=b; Path=/\r\n") }
        }
        let transport = CurlTransport()
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        _ = try await transport.fetch(HTTPRequest(url: server.url))
        #expect(server.requests.allSatisfy { !$0.head.contains("Cookie") })
    }

    @Test(arguments: [("127.0.0.1:1", HTTPError.Reason.connect), ("no-such-host.invalid", .resolve)])
    func `A host that is not there says in which way`(host: String, reason: HTTPError.Reason) async {
        let error = await CurlTransport().failure(HTTPRequest(url: "http://\(host)/"))
        #expect(error?.reason == reason)
        #expect(error?.mayPass == true)
        if reason == .connect { #expect(error?.detail.contains("Connection refused") == true) }
    }
}
