import Jobs
import QualysAPI
import Testing

@testable import WASSnapshot

@Suite struct PageChainTests {
    private func page(next: Int64?) -> SnapshotPage {
        SnapshotPage(body: SpooledBody(folder: "/"), next: next, object: StoredObject(key: "", bytes: 0, sha256: ""))
    }

    /// The steps of a chain whose server has so many pages of ten ids each.
    private func steps(_ cursor: SnapshotState.Cursor, pages: Int) -> [String] {
        var chain = PageChain(cursor)
        var steps: [String] = []
        while let step = chain.next, steps.count < 20 {
            steps.append("\(step.number)\(step.isStored ? " stored" : " after \(step.after)")")
            // A stored page says only whether it is the last one.
            let next = step.number < pages ? Int64(step.isStored ? 0 : step.number * 10) : nil
            chain.move(past: page(next: next))
        }
        return steps
    }

    @Test func `A new chain begins at the start`() {
        #expect(steps(.init(), pages: 3) == ["1 after 0", "2 after 10", "3 after 20"])
        #expect(steps(.init(), pages: 1) == ["1 after 0"])
    }

    @Test func `One that goes on takes what is stored, and then asks for the rest`() {
        let cursor = SnapshotState.Cursor(pages: 2, after: 20, isAtEnd: false)
        #expect(steps(cursor, pages: 4) == ["1 stored", "2 stored", "3 after 20", "4 after 30"])
    }

    @Test func `One that was at its end asks for nothing`() {
        let cursor = SnapshotState.Cursor(pages: 2, after: 10, isAtEnd: true)
        #expect(steps(cursor, pages: 2) == ["1 stored", "2 stored"])
    }
}
