import FoundationEssentials
import Support
import Testing

@Suite struct JSONWriterTests {
    @Test func `Members, elements and commas come out in order`() {
        var json = JSONWriter()
        json.object { json in
            json.member("text", "a")
            json.member("number", 42)
            json.member(optional: "absent", nil)
            json.key("list")
            json.array { json in
                json.value(true)
                json.null()
                json.value(1.5)
                json.value(Double.nan)
                json.object { _ in }
                json.raw(#"{"raw":1}"#.utf8)
            }
            json.key("empty")
            json.array { _ in }
        }
        #expect(
            json.text == #"{"text":"a","number":42,"list":[true,null,1.5,null,{},{"raw":1}],"empty":[]}"#
        )
    }

    @Test(arguments: [
        ("", #""""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
        ("é€😀", "\"é€😀\""), ("\u{2028}", "\"\u{2028}\""), ("a/b", #""a/b""#),
    ])
    func `Strings are escaped as RFC 8259 wants it`(text: String, json: String) {
        var writer = JSONWriter()
        writer.value(text)
        #expect(writer.text == json)
    }

    @Test func `Any text comes back from a JSON reader`() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                let ceiling: UInt32 = random.once(in: 2) ? 0x7F : 0x10FFFF
                if let scalar = Unicode.Scalar(UInt32.random(in: 0...ceiling, using: &random)) {
                    text.unicodeScalars.append(scalar)
                }
            }
            var writer = JSONWriter()
            writer.object { $0.member(text, text) }
            let read = try JSONDecoder().decode([String: String].self, from: Data(writer.bytes))
            #expect(read == [text: text])
        }
    }

    @Test func `A writer that was reset starts anew`() {
        var writer = JSONWriter()
        writer.value(1)
        writer.reset()
        writer.value(2)
        #expect(writer.text == "2")
    }
}

@Suite struct RedactedTests {
    let secret = Redacted("hunter22")

    @Test func `However it is shown, the secret is not there`() {
        struct Holder {
            let name = "visible"
            let password: Redacted
        }
        var dumped = ""
        dump(Holder(password: secret), to: &dumped)
        let shown = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(password: secret))",
            "\([secret])", "\(["key": secret])", "\(Optional(secret) as Any)", dumped,
        ]
        for text in shown {
            #expect(!text.contains("hunter22"))
        }
        #expect("\(secret)" == "[redacted]")
        #expect(dumped.contains("visible"))
    }

    @Test func `It is equal when the secrets are`() {
        #expect(secret == Redacted("hunter22"))
        #expect(secret != Redacted("other"))
    }
}

@Suite struct FailureTests {
    struct Known: Failure {
        var label: String { "Test.Known" }
        var description: String { "known" }
    }

    struct Stranger: Error {
        let secret = "hunter22"
    }

    @Test func `Of a stranger's error only the name of its type is shown`() {
        #expect(describe(Known()) == ("Test.Known", "known"))
        #expect(describe(CancellationError()).label == "Task.Cancelled")
        #expect(describe(Stranger()).label == "Internal.Stranger")
        #expect(!describe(Stranger()).description.contains("hunter22"))
    }
}

@Suite struct HexTextTests {
    @Test func `Bytes are two lower-case digits each`() {
        #expect(hexText([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        #expect(hexText([]) == "")
    }
}
