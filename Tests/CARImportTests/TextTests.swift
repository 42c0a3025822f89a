import JSONStream
import TestSupport
import Testing

@testable import CARImport

@Suite("Texts of a graph")
struct TextTests {
    @Test("HTML keeps the letters and digits that Python's reading keeps, and lower case is Python's")
    func sameAsPython() async throws {
        let output = try await Python.output(of: "texts_peer.py", ["7", "20000"])
        var parser = JSONParser()
        var count = 0
        for line in output.split(separator: UInt8(ascii: "\n")) {
            try parser.parse(Array(line)) { line in
                let html = try #require(line["html"]?.text)
                let letters = plainText(ofHTML: html).unicodeScalars.filter {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                }
                let expected = try #require(line["letters"]?.text).unicodeScalars.filter {
                    $0.properties.isAlphabetic || $0.properties.numericType != nil
                }
                #expect(
                    String(String.UnicodeScalarView(letters)) == String(String.UnicodeScalarView(expected)),
                    "\(html)"
                )
                let text = try #require(line["text"]?.text)
                #expect(Array(text.lowerCased.utf8) == Array(try #require(line["lower"]?.text).utf8), "\(text)")
                count += 1
            }
        }
        #expect(count == 20000)
    }

    @Test("The address of a link stands after its text, also when the link is never closed")
    func links() {
        #expect(
            plainText(ofHTML: #"See <A HREF="http://a.test/">here</A>!"#).filter { $0 != " " }
                == "Seeherehttp://a.test/!"
        )
        #expect(plainText(ofHTML: "<a href=x>y").filter { $0 != " " } == "yx")
    }

    @Test(
        "Numbers are plain decimal numbers",
        arguments: [
            ("5", 5.0), (" 7.5 ", 7.5), ("0", 0), ("1e1", 10), (".5", 0.5), ("", nil), ("nan", nil), ("inf", nil),
            ("0x10", nil), ("1,5", nil), ("1e999", nil), ("high", nil),
        ] as [(String, Double?)]
    )
    func numbers(text: String, number: Double?) {
        #expect(plainNumber(text) == number)
    }

    @Test("Keys fit their patterns or do not")
    func patterns() {
        #expect(KeyPattern.isAddress("10.0.0.1") && KeyPattern.isAddress("fe80::1"))
        #expect(!KeyPattern.isAddress("fe80::1%eth0") && !KeyPattern.isAddress("10.0.0.0/8"))
        #expect(KeyPattern.isMAC("02:00:00:00:00:01") && KeyPattern.isMAC("02:00:00:00:00:00:00:01"))
        #expect(!KeyPattern.isMAC("02:00:00:00:00") && !KeyPattern.isMAC("02:00:00:00:00:0g"))
        #expect(KeyPattern.isHostname("a b.test") && !KeyPattern.isHostname("a<b") && !KeyPattern.isHostname("a#"))
        #expect(KeyPattern.isSource("qualys:a!") && !KeyPattern.isSource("a/b") && !KeyPattern.isSource(""))
    }
}
