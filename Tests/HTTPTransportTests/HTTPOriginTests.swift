import HTTPTransport
import Testing

@Suite struct HTTPOriginTests {
    @Test(arguments: [
        ("http://example.com", "http://example.com"),
        ("HTTPS://Example.COM/Path?Query#f", "https://example.com"),
        ("https://example.com:443/", "https://example.com"),
        ("http://127.0.0.1:9001/2018-06-01", "http://127.0.0.1:9001"),
        ("http://[::1]:80?x", "http://[::1]"),
        ("https://a_b-c.d:8443?x=1", "https://a_b-c.d:8443"),
    ])
    func `An origin is scheme, host and port, each in one form`(url: String, origin: String) {
        #expect(HTTPOrigin(of: url)?.description == origin)
    }

    @Test(arguments: [
        "", "example.com", "//example.com", "/path", "http:", "http:/example.com", "http://", "http:///path",
        "http://:80/",
        "ftp://example.com", "file:///etc/passwd", "javascript://example.com", "http://user@example.com/",
        "http://user:secret@example.com", "http://trusted.example\\@evil.example/", "http://exa mple.com",
        "http://exämple.com",
        "http://example.com/ä", "http://example.com/a b", "http://example.com/\r\nX: y",
        "http://example.com:/", "http://example.com:0", "http://example.com:65536", "http://example.com:+80",
        "http://example.com:8a", "http://ex%61mple.com", "http://[::1", "http://[]", "http://[12]", "http://[::1]x",
        "http://[fe80::1%25en0]/",
        "\thttp://example.com", " http://example.com",
    ])
    func `What could be read in two ways has no origin`(url: String) {
        #expect(HTTPOrigin(of: url) == nil)
    }

    // Not among the arguments above, which are printed.
    @Test func `A NUL ends no address early`() {
        #expect(HTTPOrigin(of: "http://example.com/\0") == nil)
        #expect(HTTPOrigin(of: "http://example.com\0.evil.example/") == nil)
    }

    @Test func `A usual port is the same as none`() {
        #expect(HTTPOrigin(of: "https://a/x") == HTTPOrigin(of: "HTTPS://A:443/y"))
        #expect(HTTPOrigin(of: "https://a/") != HTTPOrigin(of: "http://a/"))
        #expect(HTTPOrigin(of: "https://a/") != HTTPOrigin(of: "https://a:444/"))
    }
}
