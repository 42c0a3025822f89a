import Support
import Testing

@Suite struct JSONRedactorTests {
    static let secrets = [
        "abcabd", "abcabcab", "cabdef", "aaaaaa", "s3cr/t+=", "pä$$wörd€", "😀😀x\"\\q", "é€é€", "dabcabcabdef-long",
    ]

    static let rules = JSONRedactor.Rules(
        replacements: ["match": "\"[redacted]\"", "snippet": #"{"text":"[redacted]"}"#],
        secrets: secrets.map { Redacted($0) }
    )

    /// The output for a text that is pushed in chunks of random lengths.
    func redact(
        _ text: [UInt8],
        _ rules: JSONRedactor.Rules = JSONRedactorTests.rules,
        longestChunk: Int = .max,
        _ random: inout SeededGenerator
    ) throws(JSONRedactor.Fault) -> [UInt8] {
        var redactor = JSONRedactor(rules)
        var output: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(.random(in: 0...min(longestChunk, text.count), using: &random))
            try redactor.push(Array(chunk), into: &output)
            rest = rest.dropFirst(chunk.count)
        }
        try redactor.finish()
        return output
    }

    func redact(_ text: String, _ rules: JSONRedactor.Rules = JSONRedactorTests.rules) throws -> String {
        var random = SeededGenerator(seed: 0)
        return String(decoding: try redact(Array(text.utf8), rules, &random), as: UTF8.self)
    }

    @Test(arguments: 0..<40)
    func `However the text is cut, the output is that of a whole-document redactor`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var maker = RandomJSON(
            random: random,
            names: ["Match", "match", "mATCH", "Snippet", "matches", "Matc", String(repeating: "m", count: 70)],
            secrets: Self.secrets
        )
        let reference = ReferenceRedactor(
            replacements: Self.rules.replacements,
            secrets: Self.secrets.map { Array($0.utf8) }
        )
        for longestChunk in [1, 2, 3, 7, 50, .max, 1, 5, 20, 100] {
            let text = maker.document()
            let expected = reference(text)
            let output = try redact(text, longestChunk: longestChunk, &random)
            #expect(
                output == expected,
                """
                of \(String(decoding: text, as: UTF8.self))
                came \(String(decoding: output, as: UTF8.self))
                not \(String(decoding: expected, as: UTF8.self))
                """
            )
        }
    }

    @Test(arguments: 0..<10)
    func `Every beginning of a text is refused`(seed: Int) throws {
        let random = SeededGenerator(seed: UInt64(seed))
        var maker = RandomJSON(random: random, names: ["match"], secrets: Self.secrets)
        let text = maker.document()
        for length in 0..<text.count {
            #expect(throws: JSONRedactor.Fault.truncated) {
                try redact(String(decoding: text[..<length], as: UTF8.self))
            }
        }
    }

    @Test func `Without rules the text comes out as it went in`() throws {
        let text = #" { "a" : [ 1 , -2.5e+3 , "x\u00e9\"y" , { } , [ ] , true , false , null ] } "#
        #expect(try redact(text, JSONRedactor.Rules()) == text)
    }

    @Test(arguments: [
        (#"{"Match":"x"}"#, #"{"Match":"[redacted]"}"#),
        (#"{"MATCH" : {"a":[1,{"b":2}]} ,"c":1}"#, #"{"MATCH" : "[redacted]" ,"c":1}"#),
        (#"{"m\u0061tch":[1,2]}"#, #"{"m\u0061tch":"[redacted]"}"#),
        (#"{"match":-1.5e3}"#, #"{"match":"[redacted]"}"#),
        (#"{"match":null,"match":true}"#, #"{"match":"[redacted]","match":"[redacted]"}"#),
        (#"{"match":{"match":1},"x":"match"}"#, #"{"match":"[redacted]","x":"match"}"#),
        (#"{"snippet":{"text":"key"}}"#, #"{"snippet":{"text":"[redacted]"}}"#),
        (#"{"matches":1,"xmatch":2,"":3}"#, #"{"matches":1,"xmatch":2,"":3}"#),
        (#"["match",{"a":["match"]}]"#, #"["match",{"a":["match"]}]"#),
        (#"{"a":"to s3cr/t+=!"}"#, #"{"a":"to [redacted]!"}"#),
        (#"{"a":"s3cr\/t\u002b\u003D"}"#, #"{"a":"[redacted]"}"#),
        (#"{"s3cr/t+=":1}"#, #"{"[redacted]":1}"#),
        (#"["abcabcabdef"]"#, #"["[redacted]"]"#),
        (#"["aaaaaaaaaaaaaaab"]"#, #"["[redacted]b"]"#),
        (#"["aaaaa","aaaaa"]"#, #"["aaaaa","aaaaa"]"#),
        (#"["\ud83d\ude00\ud83d\uDE00x\"\\q"]"#, #"["[redacted]"]"#),
    ])
    func `Members and secrets are taken out in all their spellings`(text: String, expected: String) throws {
        #expect(try redact(text) == expected)
    }

    @Test func `A name of more than 64 bytes never matches`() throws {
        let (long, longest) = (String(repeating: "n", count: 65), String(repeating: "n", count: 64))
        let rules = JSONRedactor.Rules(replacements: [long: "0", longest: "0"])
        #expect(try redact("{\"\(long)\":1,\"\(longest)\":1}", rules) == "{\"\(long)\":1,\"\(longest)\":0}")
    }

    @Test func `A secret of less than 6 bytes is left where it is`() throws {
        #expect(
            try redact(#"["short"]"#, JSONRedactor.Rules(secrets: [Redacted("short"), Redacted("")])) == #"["short"]"#
        )
    }

    @Test(arguments: [
        "1", "-0", "0.5", "1E+2", "\"\"", "null", " true ", "[]", "{}", "[[[]]]", #"{"":{}}"#, "\"\u{7F}\"", "\n\t\r 1",
        #""\uD800""#, #"{"a":1,"a":2}"#,
    ])
    func `A text that RFC 8259 allows is taken`(text: String) throws {
        #expect(try redact(text) == text)
    }

    @Test(arguments: [
        "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "[}", "{]", "]",
        "01", "-", "+1", "1.", ".5", "1.e2", "1e", "1e+", "0x1", "1a", "--1", "tru", "nulll", "True", "'a'", "\"\t\"",
        "\"\n\"", #""\x""#, #""\u12g4""#, #""\u12"#, "1 2", "{} {}", "[] ,", "\u{FEFF}1", "//\n1", "NaN", "Infinity",
        "\"a", "", "  ", "[", "{\"a\"", "{\"a\":", "[1,", "[\"\\", "{", "-1e", "[1", "\u{0}",
    ])
    func `A text that RFC 8259 does not allow is refused`(text: String) {
        #expect(throws: JSONRedactor.Fault.self) { try redact(text) }
    }

    @Test func `A fault names the byte, and stays`() throws {
        var redactor = JSONRedactor(Self.rules)
        var output: [UInt8] = []
        try redactor.push(Array("[1,".utf8), into: &output)
        #expect(throws: JSONRedactor.Fault.invalid(offset: 4)) { try redactor.push(Array(" ]".utf8), into: &output) }
        #expect(throws: JSONRedactor.Fault.invalid(offset: 4)) { try redactor.push(Array("1]".utf8), into: &output) }
        #expect(throws: JSONRedactor.Fault.invalid(offset: 4)) { try redactor.finish() }
    }

    @Test func `512 levels are taken, one more is refused`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try redact(nested(512)) == nested(512))
        #expect(throws: JSONRedactor.Fault.tooDeep) { try redact(nested(513)) }
    }

    @Test func `What is kept between chunks does not grow`() throws {
        var redactor = JSONRedactor(Self.rules)
        var output: [UInt8] = []
        try redactor.push(Array("[\"".utf8), into: &output)
        // Beginnings of secrets, in the longest spelling, one after the other.
        let chunk = Array(#"\u0061\u0062\u0063\u0061"#.utf8)
        for round in 1...10_000 {
            try redactor.push(chunk, into: &output)
            #expect(output.count > round * chunk.count - 12 * 40)
        }
        try redactor.push(Array(String(repeating: "a", count: 100_000).utf8), into: &output)
        try redactor.push(Array("\"]".utf8), into: &output)
        try redactor.finish()
    }
}
