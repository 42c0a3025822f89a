import Support
import Testing
import XMLStream

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
            #expect(batches.flatMap { $0.members.ranges.joined() } == ids.sorted())
            #expect(batches.dropLast().allSatisfy { $0.count == size })
            #expect(batches.map(\.list).joined(separator: ",") == ids.sorted().map(String.init).joined(separator: ","))
            #expect(batches.map(\.number) == Array(0..<batches.count).map { $0 + 1 })
        }
    }

    @Test("Millions of hosts wait in little memory, and more than any subscription has are refused")
    func ceilings() throws {
        let batches = HostSet(ids: try #require(IDRanges("1-10000000"))).batches(of: 1000)
        #expect(batches.count == 10_000 && batches.allSatisfy { $0.members.ranges.count == 1 })
        for list in [
            "<ID_RANGE>1-10000001</ID_RANGE>", "<ID_RANGE>1-6000000</ID_RANGE><ID_RANGE>7000000-12000000</ID_RANGE>",
            "<ID_RANGE>0-\(Int64.max)</ID_RANGE>",
        ] {
            let reader = XMLStreamReader(HostListConsumer(byAddress: false))
            let text = "<HOST_LIST_OUTPUT><RESPONSE><ID_SET>\(list)</ID_SET></RESPONSE></HOST_LIST_OUTPUT>"
            #expect(throws: HostListFault.self) { try reader.push(Array(text.utf8)) }
        }
    }
}
