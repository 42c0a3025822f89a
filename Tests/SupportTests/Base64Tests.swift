import FoundationEssentials
import Support
import Testing

@Suite struct Base64Tests {
    @Test func `Bytes become the text that Foundation writes, and come back`() {
        var generator = SeededGenerator(seed: 2_026_112_103)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = base64Text(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(base64Bytes(text) == bytes)
        }
    }

    @Test func `What is damaged is refused where Foundation does, or read as Foundation does`() {
        var generator = SeededGenerator(seed: 2_026_112_104)
        let letters = Array("AZaz09+/=-_ \n\u{0}é")
        var read = 0
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    letters[Int.random(in: 0..<letters.count, using: &generator)]
                }
            )
            // Foundation takes an equals sign too many, and one in the middle.
            guard let bytes = base64Bytes(text) else { continue }
            #expect(bytes == Data(base64Encoded: text).map(Array.init), "\(text.debugDescription)")
            read += 1
        }
        #expect(read > 1000)
    }
}

@Suite struct TextSearchTests {
    @Test(arguments: ["", "a", "ab", "aab", "aaab", "é", "://", "e\u{301}", "b"])
    func `A text is found where it first stands`(_ part: String) {
        for text in ["", "a", "aab", "aaab", "xaaab", "https://é:b@c", "cafe\u{301}", "ba"] {
            let places = (0...text.utf8.count).filter { text.utf8.dropFirst($0).starts(with: part.utf8) }
            let found = text.firstRange(ofText: part)
            #expect(found.map { text.utf8.distance(from: text.startIndex, to: $0.lowerBound) } == places.first)
            #expect(found.map { Array(text.utf8[$0]) } == (found == nil ? nil : Array(part.utf8)))
            #expect(text.contains(text: part) == !places.isEmpty)
        }
    }

    @Test func `No two names are the same`() {
        let names = Set((0..<1000).map { _ in uniqueName() })
        #expect(names.count == 1000)
        #expect(names.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }
}
