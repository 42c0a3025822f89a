import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct RequestCheckTests {
    static let url = "http://127.0.0.1:9/"

    static let refused: [(HTTPRequest, String)] = [
        (HTTPRequest(url: "/relative"), "address"),
        (HTTPRequest(url: "file:///etc/passwd"), "address"),
        (HTTPRequest(url: "http://user:secret@127.0.0.1/"), "address"),
        (HTTPRequest(url: url + "a\r\nX-Evil: 1"), "address"),
        (HTTPRequest(method: "", url: url), "method"),
        (HTTPRequest(method: "GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET", url: url), "method"),
        (HTTPRequest(url: url, headers: ["X-A": "1\r\nX-Evil: secret"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X-A": "1", "X-B": "2\n"]), "header field 2"),
        (HTTPRequest(url: url, headers: ["X-A": "a\0secret"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X-A": "\u{1B}[31m"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["": "a"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X A": "a"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X-A:": "a"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X-A;": "a"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["X-Ä": "a"]), "header field 1"),
        (HTTPRequest(url: url, headers: ["transfer-encoding": "chunked"]), "Transfer-Encoding"),
        (HTTPRequest(method: "PUT", url: url, headers: ["content-length": "4"], body: .bytes([1])), "Content-Length"),
        (HTTPRequest(method: "PUT", url: url, headers: ["Content-Length": "+1"], body: .bytes([1])), "Content-Length"),
        (
            HTTPRequest(
                method: "PUT",
                url: url,
                headers: ["Content-Length": "1"],
                body: .stream(count: nil) { _ in 0 }
            ), "Content-Length"
        ),
        (HTTPRequest(method: "HEAD", url: url, body: .bytes([1])), "HEAD"),
        (HTTPRequest(method: "PUT", url: url, body: .file(path: "/", offset: -1, count: 1)), "negative"),
        (HTTPRequest(method: "PUT", url: url, body: .stream(count: -1) { _ in 0 }), "negative"),
    ]

    @Test(arguments: refused)
    func `A request that would mean something else on the wire is refused`(request: HTTPRequest, why: String) async {
        let error = await CurlTransport().failure(request)
        #expect(error?.reason == .invalidRequest)
        #expect(error?.detail.contains(why) == true)
        #expect(error?.description.contains("secret") == false)
        #expect(error?.mayPass == false)
    }

    @Test func `An error shows the origin and neither the path nor the query`() async throws {
        let server = ScriptedServer { peer in _ = peer.readRequest() }
        let error = await CurlTransport().failure(HTTPRequest(url: server.url + "/secret-path?X-Amz-Signature=secret"))
        #expect(error?.origin == server.url)
        #expect(error?.description.contains("secret") == false)
    }
}
