import AWSClients
import FunctionScan
import TestSupport
import Testing

@testable import Application

/// Events that were damaged at random: whatever they have become, they are read or refused.
@Suite(.timeLimit(.minutes(5))) struct EventFuzzTests {
    private static let identity = ScannerIdentity(account: "123456789012", region: "eu-west-1", functionName: "scanner")

    /// What has come of the events of one seed.
    private struct Tally {
        var changes = 0
        var others = 0
        var refused = 0
    }

    @Test(arguments: [2_026_112_101, 2_026_112_102])
    func `No damaged event does harm`(seed: UInt64) {
        var mutator = Mutator(seed: seed, samples: SampleEvents.all.map { Array($0.utf8) })
        var tally = Tally()
        for _ in 0..<60_000 { work(mutator.next(), &tally) }
        // A good part of each kind, or this would test nothing.
        #expect(tally.changes > 1000)
        #expect(tally.others > 1000)
        #expect(tally.refused > 10_000)
    }

    /// Does with an event what the dispatch does, up to the first call. Only an `EventError` can come of it: the
    /// compiler sees to that.
    private func work(_ bytes: [UInt8], _ tally: inout Tally, isNested: Bool = false) {
        do throws(EventError) {
            switch try IncomingEvent(bytes) {
            case .functionChange(let change):
                tally.changes += 1
                let decision = try ScanDecision(change, identity: Self.identity, crossAccountRoleName: nil)
                if case .scan(let function, _) = decision { check(function) }
            case .job:
                tally.others += 1
            case .batch(let records):
                tally.others += 1
                guard !isNested else { return }
                for record in records { work(Array(record.body.utf8), &tally, isNested: true) }
            }
        } catch {
            tally.refused += 1
            let text = error.description
            if !error.label.hasPrefix("Event.") || text.utf8.count > 1500
                || !text.unicodeScalars.allSatisfy({ $0 == "…" || (" "..."~").contains($0) })
            {
                Issue.record("An odd error: \(error.label) \(text)")
            }
        }
    }

    /// What is scanned can stand in a path, a tag and a command line.
    private func check(_ function: FunctionARN) {
        let isPlain = function.description.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        if !isPlain || function.name.hasPrefix("-") || function.description.utf8.count > 200 {
            Issue.record("An odd function: \(function)")
        }
    }
}

/// Makes damaged events out of whole ones.
private struct Mutator {
    private let samples: [[UInt8]]
    private var generator: SeededGenerator

    /// Pieces that mean something to a parser.
    private static let pieces = [
        "null", "{}", "[]", "\"\"", "-0", "1e999", "123456789012345678901234567890", "true", "\\u0000", "\\ud800",
        "\\\"", "\"", "{", "}", "[", "]", ":", ",", "\\", "\u{0}", "\u{202E}", "../..", "; id", "--help", "$LATEST",
        "arn:aws:lambda:eu-west-1:123456789012:function:", "\"job\":", "\"Records\":", "\"detail\":", "\"errorCode\":",
        "é", "\u{FEFF}", "\r\n", String(repeating: "[", count: 600), String(repeating: "n", count: 500),
    ].map { Array($0.utf8) }

    init(seed: UInt64, samples: [[UInt8]]) {
        self.samples = samples
        generator = SeededGenerator(seed: seed)
    }

    mutating func next() -> [UInt8] {
        var bytes = pick(samples)
        for _ in 0..<below(4) { mutate(&bytes) }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes = pick(samples) }
        let place = below(bytes.count)
        let range = place..<(place + below(min(bytes.count - place, 40)))
        switch below(8) {
        case 0: bytes[place] ^= 1 << UInt8(below(8))
        case 1: bytes[place] = UInt8(below(256))
        case 2: bytes.removeLast(bytes.count - place)
        case 3: bytes.removeSubrange(range)
        case 4: bytes.insert(contentsOf: bytes[range], at: place)
        case 5: bytes.insert(contentsOf: pick(Self.pieces), at: place)
        case 6: bytes.replaceSubrange(range, with: pick(Self.pieces))
        default:
            let other = pick(samples)
            let start = below(other.count)
            bytes.replaceSubrange(range, with: other[start..<(start + below(other.count - start))])
        }
    }

    private mutating func pick(_ choices: [[UInt8]]) -> [UInt8] { choices[below(choices.count)] }

    /// From 0 up to, not including, `bound`; 0 when that is 0.
    private mutating func below(_ bound: Int) -> Int { bound > 0 ? Int.random(in: 0..<bound, using: &generator) : 0 }
}
