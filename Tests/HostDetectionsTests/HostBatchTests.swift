import Support
import Testing

@testable import HostDetections

@Suite("Batches of hosts")
struct HostBatchTests {
    @Test("Each host is in one batch, in ascending order, and no batch has more than was asked for")
    func cut() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let ids = Set((0..<Int.random(in: 0...500, using: &generator)).map { _ in Int64.random(in: 1...900) })
            let size = Int.random(in: 1...60)
            let batches = HostSet(ids: IDRanges(ids)).batches(of: size)
            #expect(batches.flatMap(\.members) == ids.sorted())
            #expect(batches.dropLast().allSatisfy { $0.members.count == size })
            #expect(batches.map(\.number) == Array(0..<batches.count).map { $0 + 1 })
        }
    }
}
