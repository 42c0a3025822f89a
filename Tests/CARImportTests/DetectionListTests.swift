import Compression
import Foundation
import Support
import TestSupport
import Testing

@testable import CARImport

@Suite("Detections in the index")
struct DetectionListTests {
    @Test("A packed list gives back every QID in order, with its severity")
    func roundTrip() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            var severities: [Int64: Int] = [:]
            for _ in 0..<Int.random(in: 0...80, using: &random) {
                severities[Int64.random(in: 0...(1 << 50), using: &random)] = Int.random(in: -1...253, using: &random)
            }
            var read: [Int64] = []
            DetectionList.forEach(DetectionList.packed(severities)) { qid, severity in
                #expect(severities[qid] == severity)
                read.append(qid)
            }
            #expect(read == severities.keys.sorted())
        }
    }

    @Test("The matcher finds just the products that a plain search finds, each once")
    func matches() {
        var random = SeededGenerator(seed: 5)
        func word(_ length: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: length, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random) }
        }
        var matcher = ProductMatcher()
        for _ in 0..<300 {
            matcher.removeAll()
            let products = Array(Set((0..<Int.random(in: 0...12, using: &random)).map { _ in word(1...6) }))
            for product in products { _ = matcher.add(product) }
            for _ in 0..<5 {
                let text = word(0...30)
                var found: [[UInt8]] = []
                text.withUnsafeBytes { bytes in matcher.forEachMatch(in: bytes) { found.append(products[$0]) } }
                let expected = products.filter { product in
                    text.count >= product.count
                        && (0...(text.count - product.count)).contains {
                            text[$0..<($0 + product.count)].elementsEqual(product)
                        }
                }
                #expect(found.count == expected.count && Set(found) == Set(expected))
            }
        }
    }

    @Test("Packed ids of the state are the same ids again, and nonsense is none")
    func packedIDs() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let ids = IDRanges((0..<100).map { _ in Int64.random(in: 0...500, using: &random) })
            #expect(IDRanges(packed: ids.packed) == ids)
        }
        #expect(IDRanges(packed: IDRanges([.max]).packed) == IDRanges([.max]))
        #expect(IDRanges(packed: IDRanges().packed) == IDRanges())
        #expect(IDRanges(packed: "?") == nil)
        #expect(IDRanges(packed: "gA==") == nil)
        let five = [5] + [UInt8](repeating: 0, count: 15)
        let negative = [5, 0xFF] + [UInt8](repeating: 0xFF, count: 14)
        #expect(IDRanges(packed: base64Text(GzipWriter.compress(five))) == IDRanges([5]))
        #expect(IDRanges(packed: base64Text(GzipWriter.compress(negative))) == nil)
        #expect(IDRanges(packed: base64Text(GzipWriter.compress(five.dropLast()))) == nil)
        #expect(IDRanges(packed: String(base64Text(GzipWriter.compress(five)).dropLast(8))) == nil)
    }

    @Test("The state of 225,000 scattered assets fits into a row")
    func size() {
        var random = SeededGenerator(seed: 4)
        var (ids, last): ([Int64], Int64) = ([], 1 << 33)
        // A tenth of them; a short state is a little longer for each.
        for _ in 0..<22_500 {
            // As ids come that are drawn at random, 300 apart in the middle.
            last += 1 + Int64(-300 * log(Double.random(in: 0.000001..<1, using: &random)))
            ids.append(last)
        }
        let state = ImportState(source: "a", modelState: "17", assets: IDRanges(ids), largestAnswer: 4)
        #expect(state.json.count * 10 < 430 << 10)
        #expect(ImportState(json: state.json, source: "a") == state)
    }

    @Test("A state is for its own source only")
    func state() {
        let state = ImportState(source: "a", modelState: "17", assets: IDRanges([1, 2, 9]), largestAnswer: 4)
        #expect(ImportState(json: state.json, source: "a") == state)
        #expect(ImportState(json: state.json, source: "b") == nil)
        #expect(ImportState(json: Array("{}".utf8), source: "a") == nil)
        #expect(ImportState(json: [], source: "a") == nil)
    }
}
