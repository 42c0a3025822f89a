import HTTPTransport
import Testing

@Suite struct HTTPHeadersTests {
    @Test func `Names compare without regard to case, and order stays`() {
        var headers: HTTPHeaders = ["Content-Type": "a", "X-Two": "1"]
        headers.add("x-two", "2")
        #expect(headers["content-TYPE"] == "a")
        #expect(headers["X-TWO"] == "1")
        #expect(headers.fields.map(\.name) == ["Content-Type", "X-Two", "x-two"])
        headers["x-Two"] = nil
        #expect(headers.fields.map(\.name) == ["Content-Type"])
        headers["CONTENT-type"] = "b"
        #expect(headers.fields.count == 1)
        #expect(headers["Content-Type"] == "b")
    }
}
