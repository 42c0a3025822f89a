import SQLite
import TestSupport
import Testing

@testable import CARImport

@Suite("What an incremental import finds changed")
struct ChangeIndexTests {
    private let index: ImportIndex
    private let changes: ChangeIndex

    init() throws {
        index = try ImportIndex(path: ":memory:")
        changes = try ChangeIndex(index)
    }

    private static let pairing = ChangeIndex.pairings[2]

    /// Assets with both ends of the pairing: application and vulnerability.
    private typealias Ends = [Int64: (left: Set<String>, right: Set<String>)]

    private func insert(_ ends: Ends, into table: String) throws {
        let add = try index.database.prepare("INSERT INTO \(table) VALUES (?1, ?2, ?3)", for: "a test")
        for (asset, ends) in ends {
            for (edge, keys) in [("asset_application", ends.left), ("asset_vulnerability", ends.right)] {
                for key in keys {
                    add.bind(1, edge)
                    add.bind(2, asset)
                    add.bind(3, key)
                    try add.run()
                }
            }
        }
    }

    private func pairs(_ ends: Ends) -> Set<[String]> {
        Set(ends.values.flatMap { ends in ends.left.flatMap { left in ends.right.map { [left, $0] } } })
    }

    @Test("The pairs that go off are those that some changed asset had and that none has, changed or not")
    func pairs() async throws {
        var random = SeededGenerator(seed: 9)
        func some(_ letter: String) -> Set<String> {
            Set(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    "\(letter)\(Int.random(in: 0...5, using: &random))"
                }
            )
        }
        for _ in 0..<200 {
            let index = try ImportIndex(path: ":memory:")
            let changes = try ChangeIndex(index)
            let test = ChangeIndexTests(index, changes)
            var (before, now, unchanged): (Ends, Ends, Ends) = ([:], [:], [:])
            for asset in Int64(1)...6 {
                let ends = (left: some("a"), right: some("v"))
                try index.database.execute("INSERT INTO asset (id) VALUES (\(asset))", for: "a test")
                if asset > 3 {
                    unchanged[asset] = ends
                } else {
                    before[asset] = ends
                    // The last is gone.
                    if asset < 3 { now[asset] = (some("a"), some("v")) }
                    try changes.addToScope([asset])
                }
            }
            try test.insert(before, into: "edge_before")
            try test.insert(now, into: "edge_now")
            try changes.findCandidates(Self.pairing)
            for (side, path) in [
                (ChangeIndex.Side.left, \(left: Set<String>, right: Set<String>).left), (.right, \.right),
            ] {
                let collection = Self.pairing[side]
                for key in try changes.candidates(Self.pairing, side) {
                    let holders = before.merging(unchanged) { $1 }.filter { $0.value[keyPath: path].contains(key) }.keys
                    try changes.add(holders: question(collection, key), holders.map(String.init))
                }
                try changes.markOff(Self.pairing, side)
            }
            let off = try changes.pairsToSwitchOff(of: Self.pairing.edge).map { [$0.left, $0.right] }
            #expect(Set(off) == pairs(before).subtracting(pairs(now)).subtracting(pairs(unchanged)))
        }
    }

    private init(_ index: ImportIndex, _ changes: ChangeIndex) {
        self.index = index
        self.changes = changes
    }

    private func question(_ collection: String, _ key: String) -> Question {
        Question(edge: "asset_\(collection)", end: (collection, key), other: "asset")
    }

    @Test("An answer without an asset that CAR has told to have the vertex proves nothing")
    func incompleteHolders() throws {
        try insert([1: (["a"], []), 2: (["a"], [])], into: "edge_before")
        for assets in [[], ["1"], ["1", "3"]] {
            #expect(throws: NeedsFullImport.self) { try changes.add(holders: question("application", "a"), assets) }
        }
        try changes.add(holders: question("application", "a"), ["1", "2", "3"])
    }

    @Test("The time for that grows with the edges, not with their square", .timeLimit(.minutes(1)))
    func linear() throws {
        let assets = Int64(1)...40_000
        try index.database.transaction {
            for asset in assets {
                try insert([asset: (["a"], ["v", "w"])], into: "edge_before")
                try insert([asset: (["a"], ["v"])], into: "edge_now")
            }
        }
        try changes.findCandidates(Self.pairing)
        #expect(try changes.candidates(Self.pairing, .right) == ["w"])
    }
}
