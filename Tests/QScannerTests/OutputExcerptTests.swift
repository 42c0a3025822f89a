import Testing

@testable import QScanner

@Suite struct OutputExcerptTests {
    let ceiling = OutputExcerpt.ceiling

    func excerpt(of bytes: [UInt8], inPieces length: Int) -> OutputExcerpt {
        var excerpt = OutputExcerpt()
        var rest = bytes[...]
        while !rest.isEmpty {
            excerpt.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return excerpt
    }

    @Test(arguments: [1, 7, 4096, 65_536, 100_000, 1_000_000])
    func `Head and tail are the same however the bytes come`(length: Int) {
        let bytes = (0..<300_000).map { $0 % 100 == 99 ? UInt8(ascii: "\n") : UInt8($0 % 61 + 48) }
        let excerpt = excerpt(of: bytes, inPieces: length)
        #expect(excerpt.total == bytes.count)
        #expect(excerpt.beginning == Array(bytes[..<ceiling]))
        #expect(excerpt.dropped == bytes.count - 2 * ceiling)
        // The tail begins in the middle of a line, which is left out.
        let tail = bytes.suffix(ceiling)
        #expect(Array(excerpt.lastLines) == Array(tail.drop { $0 != 10 }.dropFirst()))
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 131_072])
    func `What fits is kept whole`(count: Int) {
        let bytes = (0..<count).map { UInt8($0 % 251) }
        let excerpt = excerpt(of: bytes, inPieces: 1000)
        #expect(excerpt.dropped == 0)
        #expect(Array(excerpt.lastLines) == bytes)
    }

    @Test func `Of one line without an end nothing is shown`() {
        #expect(excerpt(of: Array(repeating: 0x61, count: 200_000), inPieces: 9999).lastLines.isEmpty)
    }
}
