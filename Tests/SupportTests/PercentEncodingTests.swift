import Support
import Testing

@Suite struct PercentEncodingTests {
    @Test func `Every byte but the unreserved ones is encoded with upper-case digits`() {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        #expect(percentEncoded(plain) == plain)
        #expect(percentEncoded("/ +%é\u{0}\u{7F}") == "%2F%20%2B%25%C3%A9%00%7F")
        #expect(percentEncoded("a/b c", keeping: "/") == "a/b%20c")
        let others = (0..<128).map(UInt8.init).filter { !plain.utf8.contains($0) }
        #expect(percentEncoded(String(decoding: others, as: UTF8.self)).utf8.count == others.count * 3)
    }
}
