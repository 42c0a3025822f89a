import Testing

@testable import JSONStream

@Suite struct JSONValueTests {
    private func read<Result>(_ text: String, _ body: (JSONValue) throws -> Result) throws -> Result {
        var parser = JSONParser()
        return try parser.parse(Array(text.utf8), body)
    }

    @Test(arguments: [
        ("0", Int64(0)), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1.0", nil), ("1e3", nil), (#""1""#, nil),
        ("true", nil), ("123456789012345678901234567890", nil),
    ])
    func `A whole number is read exactly or not at all`(text: String, number: Int64?) throws {
        #expect(try read(text) { $0.integer } == number)
    }

    @Test func `Members are found by name, in any order, with escapes, and of several the last`() throws {
        try read(#"{"a":{"b":[1,{"b":2}],"\u0062c":"x"},"b":null,"a\n":true,"":5,"b":1.5,"ä":"ö"}"#) { value in
            #expect(value["a"]?["bc"]?.text == "x")
            #expect(value["a"]?["b"]?.elements.map { $0.kind } == [.number, .object])
            #expect(value["b"]?.double == 1.5)
            #expect(value["a\n"]?.bool == true)
            #expect(value[""]?.integer == 5)
            #expect(value["ä"]?.text == "ö")
            #expect(value["c"] == nil)
            #expect(value["a"]?["b"]?["b"] == nil)
            #expect(value.members.map { $0.name.text } == ["a", "b", "a\n", "", "b", "ä"])
            #expect(value.elements.map { $0.kind } == [])
        }
    }

    @Test func `A nested value gives its bytes as they were written`() throws {
        let raw = try read(#"{"list": [ {"a" : 1.10}, "\u0041" ] }"#) { value in
            value["list"]?.withRaw { String(decoding: $0, as: UTF8.self) }
        }
        #expect(raw == #"[ {"a" : 1.10}, "\u0041" ]"#)
    }

    @Test func `Scalars have a text, whether Qualys sends a number or a string`() throws {
        try read(#"["true",true,12345678901234567890,null,[],{},"a\tb"]"#) { value in
            #expect(
                value.elements.map { $0.scalarText } == ["true", "true", "12345678901234567890", nil, nil, nil, "a\tb"]
            )
        }
    }

    @Test func `Two texts can be worked on at once`() throws {
        try read(#"["a\n","b\n"]"#) { value in
            let texts = value.elements.map { $0 }
            let both = texts[0].withUTF8 { first in texts[1].withUTF8 { Array(first) + Array($0) } }
            #expect(both == Array("a\nb\n".utf8))
        }
    }

    @Test func `What is no JSON is refused by its offset`() throws {
        for (text, offset) in [
            ("[1,]", 3), ("{\"a\" 1}", 5), ("01", 1), ("\u{FEFF}1", 0), ("1 2", 2), ("\"\u{1}\"", 1),
        ] {
            #expect(throws: JSONFault.invalid(offset: offset)) { try read(text) { _ in } }
        }
        #expect(throws: JSONFault.truncated) { try read("") { _ in } }
    }
}
