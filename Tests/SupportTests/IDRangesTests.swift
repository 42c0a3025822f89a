import Support
import Testing

@Suite("Ids as ranges")
struct IDRangesTests {
    @Test(
        "They are read and written in Qualys's form",
        arguments: [
            ("", ""), ("7", "7"), ("1-3,4,9", "1-4,9"), ("9,1,2", "1-2,9"), ("5-5", "5"), ("1-10,3-4,11-12", "1-12"),
            ("9223372036854775806,9223372036854775807", "9223372036854775806-9223372036854775807"),
        ]
    )
    func form(text: String, meant: String) {
        #expect(IDRanges(text)?.description == meant)
    }

    @Test(
        "What is no list of ids is refused",
        arguments: ["a", "1-", "-1", "3-1", "1-2-3", "1 2", "99999999999999999999"]
    )
    func refused(text: String) {
        #expect(IDRanges(text) == nil)
    }

    @Test("They hold just what a set holds, in any order of insertion", arguments: 0..<50)
    func likeASet(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ranges = IDRanges()
        var set: Set<Int64> = []
        for _ in 0..<200 {
            let start = Int64.random(in: 0..<150, using: &random)
            let end = start + Int64.random(in: 0..<4, using: &random)
            ranges.insert(start...end)
            set.formUnion(start...end)
        }
        #expect((0..<160).filter { ranges.contains($0) } == set.sorted())
        #expect(ranges.count == set.count)
        #expect(IDRanges(ranges.description) == ranges)
        for (left, right) in zip(ranges.ranges, ranges.ranges.dropFirst()) {
            #expect(left.upperBound + 1 < right.lowerBound)
        }
    }
}
