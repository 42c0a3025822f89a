import Jobs
import SQLite
import Support
import Telemetry

extension CARImport {
    /// Beyond so many changed assets, and this part of all, a full import is done sooner: each asks CAR seven times.
    private static let mostChanged = (assets: 2000, part: 4)

    /// Rounds in which assets are read for the members of vertices that others have lost.
    private static let mostRounds = 4

    /// Imports the assets that changed since a moment, takes away what they have no more, and those that are gone.
    ///
    /// All of it is known before anything is sent.
    ///
    /// - Throws: `NeedsFullImport` when it cannot be told what they have no more.
    func importChanges(since: Timestamp, _ known: ImportState, _ run: ImportRun) async throws -> JobAnswer {
        let index = try index("changes")
        let reading = reading(index, run)
        try await reading.readHostAssets()
        let present = try assets(in: index)
        let gone = known.assets.ids.filter { !present.contains($0) }
        let changes = try ChangeIndex(index)
        let questions = Questions(client: client, run: run, largest: known.largestAnswer)
        try await findChanged(since, known, reading, index, changes)
        try await readTruth(reading, index, changes, questions, gone: gone, of: present.count)
        try await findPairings(changes, questions)
        try questions.check()

        // Should this run not end, the next has to know of all assets that may be in CAR.
        var state = known
        for range in present.ranges { state.assets.insert(range) }
        do {
            try await services.state.save(run.owner, state.json, run.context)
        } catch let error as JobStateError {
            guard case .tooLarge = error else { throw error }
            throw NeedsFullImport(description: error.description)
        }
        let writer = GraphWriter(index, run.envelope, .changed)
        try await send(writer, run)
        let disabled = try await switchOff(changes, run)
        try await client.deleteAssets(gone, source: run.source, run.context)

        state.modelState = run.modelState
        state.assets = present
        state.largestAnswer = questions.largest
        try await client.setState(of: run.source, to: run.modelState, run.context)
        try await remember(state, ends: true, run)
        return try answer(
            writer,
            run,
            further: [JobCount("disabled_edges", disabled), JobCount("deleted_assets", gone.count)]
        )
    }

    /// Puts into the scope the assets that one of three clocks says have changed, and those that are new to CAR.
    private func findChanged(
        _ since: Timestamp,
        _ known: ImportState,
        _ reading: QualysReading,
        _ index: ImportIndex,
        _ changes: ChangeIndex
    ) async throws {
        let updated = try await reading.assets(updatedAfter: since)
        let inventoried = try await reading.assets(inventoriedAfter: since)
        let processed = try await reading.hosts(processedAfter: since)
        let rows = try index.database.prepare("SELECT id, host FROM asset", for: "listing assets")
        var changed: [Int64] = []
        while try rows.step() {
            let id = rows.integer(at: 0)
            let host = rows.text(at: 1).flatMap { Int64($0) }
            if updated.contains(id) || inventoried.contains(id) || !known.assets.contains(id)
                || host.map(processed.contains) == true
            {
                changed.append(id)
            }
        }
        try index.transaction { try changes.addToScope(changed) }
    }

    /// Reads the whole truth about each asset in the scope, and what CAR has of it. Where a vertex loses an asset that may
    /// have given its members, another one that has it comes into the scope, and its members with it.
    private func readTruth(
        _ reading: QualysReading,
        _ index: ImportIndex,
        _ changes: ChangeIndex,
        _ questions: Questions,
        gone: [Int64],
        of all: Int
    ) async throws {
        var unasked = gone
        var count = gone.count
        for round in 1...Self.mostRounds {
            let unread = try changes.takeUnread()
            if unread.isEmpty, unasked.isEmpty { return }
            count += unread.count
            guard count <= Self.mostChanged.assets || count * Self.mostChanged.part <= all else {
                throw NeedsFullImport(description: "\(count) of \(all) assets have changed.")
            }
            try await reading.readApplications(of: unread)
            try await reading.readDetections(of: try hosts(of: unread, index))
            try await reading.readKnowledgeBase()
            for asset in unread + unasked {
                for (edge, end) in ChangeIndex.ends {
                    let keys = try await questions.ask(edge, of: "asset", String(asset), at: end)
                    try changes.add(before: edge, asset, keys)
                }
                services.progress.report(JobProgress.Report(unit: "comparisons", done: questions.count))
            }
            unasked = []
            let refused = try index.refusedQIDs()
            try index.transaction {
                try changes.fillNow(refused: refused)
                try changes.findLost()
            }
            // There may be none whose detections have results.
            if round < Self.mostRounds { try await findOtherHolders(changes, questions) }
        }
    }

    /// Of addresses and names Qualys has just told all; of the rest one asset that has it is asked for.
    private func findOtherHolders(_ changes: ChangeIndex, _ questions: Questions) async throws {
        var chosen: Set<Int64> = []
        for collection in ["application", "vulnerability"] {
            for key in try changes.lost(collection) {
                let holders = try await holders(collection, key, changes, questions)
                guard chosen.isDisjoint(with: holders), let holder = holders.min() else { continue }
                chosen.insert(holder)
            }
        }
        try changes.addToScope(chosen)
    }

    private func hosts(of assets: [Int64], _ index: ImportIndex) throws -> [String] {
        let row = try index.database.prepare(
            "SELECT host FROM asset WHERE id = ?1",
            for: "finding the host of an asset"
        )
        var hosts: Set<Int64> = []
        for asset in assets {
            row.bind(1, asset)
            // Anything but a number is no host, and would make the call of all of them fail.
            if try row.step(), let host = row.text(at: 0).flatMap({ Int64($0) }) { hosts.insert(host) }
            row.reset()
        }
        return hosts.sorted().map(String.init)
    }

    /// Finds the pairs that nobody has any more.
    private func findPairings(_ changes: ChangeIndex, _ questions: Questions) async throws {
        for pairing in ChangeIndex.pairings {
            try changes.findCandidates(pairing)
            for left in try changes.lefts(of: pairing.edge) {
                let active = try await questions.ask(pairing.edge, of: pairing.left, left, at: pairing.right)
                try changes.keep(pairing.edge, left: left, Set(active))
            }
            try await judge(pairing, changes, questions)
        }
    }

    /// Marks the pairs that no unchanged asset has: those of changed ones are no candidates any more.
    private func judge(_ pairing: ChangeIndex.Pairing, _ changes: ChangeIndex, _ questions: Questions) async throws {
        var lefts: [String: Set<Int64>] = [:]
        var right: (key: String, holders: Set<Int64>)?
        for candidate in try changes.candidates(of: pairing.edge) {
            if lefts.count > 1000 { lefts = [:] }
            let left: Set<Int64>
            if let known = lefts[candidate.left] {
                left = known
            } else {
                left = try await holders(pairing.left, candidate.left, changes, questions)
                lefts[candidate.left] = left
            }
            // The usual case: nobody else has it, and nothing more need be asked.
            if !left.isEmpty {
                if right?.key != candidate.right {
                    right = (candidate.right, try await holders(pairing.right, candidate.right, changes, questions))
                }
                guard right?.holders.isDisjoint(with: left) == true else { continue }
            }
            try changes.markOff(pairing.edge, left: candidate.left, right: candidate.right)
        }
    }

    /// The unchanged assets that have a vertex: addresses as Qualys has just told, the rest as CAR has it.
    private func holders(
        _ collection: String,
        _ key: String,
        _ changes: ChangeIndex,
        _ questions: Questions
    ) async throws -> Set<Int64> {
        switch collection {
        case "ipaddress": return try changes.unchanged(with: "address", in: "asset_ipaddress", key)
        case "macaddress": return try changes.unchanged(with: "mac", in: "asset_macaddress", key)
        default:
            let assets = try await questions.ask("asset_\(collection)", of: collection, key, at: "asset")
            return try changes.unchanged(assets.compactMap { Int64($0) })
        }
    }

    /// First the pairs, then the edges of assets that they are worked out from: a kill between the two loses nothing.
    ///
    /// - Returns: How many edges.
    private func switchOff(_ changes: ChangeIndex, _ run: ImportRun) async throws -> Int {
        var count = 0
        func switchOff(_ edges: [Edge]) async throws {
            count += edges.count
            try await forEach(edges, workers: run.sender.workers) { edge in
                try await client.switchOff(edge.name, from: edge.from, to: edge.to, source: run.source, run.context)
            }
        }
        for pairing in ChangeIndex.pairings {
            let pairs = try changes.pairsToSwitchOff(of: pairing.edge)
            try await switchOff(pairs.map { Edge(name: pairing.edge, from: $0.left, to: $0.right) })
        }
        var stale: [Edge] = []
        try changes.forEachStale { stale.append(Edge(name: $0, from: String($1), to: $2)) }
        try await switchOff(stale)
        return count
    }

    private struct Edge: Sendable {
        let name: String
        let from: String
        let to: String
    }
}

/// Asks CAR for edges, and keeps in mind how long answers can be: one that may have been cut proves nothing.
final class Questions {
    private let client: CARClient
    private let run: ImportRun

    /// Rows of the longest answer that was ever seen.
    private(set) var largest: Int
    private var longest = 0
    private(set) var count = 0

    init(client: CARClient, run: ImportRun, largest: Int) {
        self.client = client
        self.run = run
        self.largest = largest
    }

    /// The ids at the other end of a vertex's active edges.
    func ask(_ edge: String, of collection: String, _ key: String, at other: String) async throws -> [String] {
        let prefix = GraphMapping.keyed.contains(collection) ? collection : run.source
        let end = (collection: collection, id: "\(prefix)/\(key)")
        let found = try await client.neighbours(edge, of: end, at: other, run.context)
        count += 1
        longest = max(longest, found.count)
        return found
    }

    /// A server that cuts answers cuts all at the same length, which no answer passes. So an answer that is shorter than
    /// another one ever was is whole.
    func check() throws(NeedsFullImport) {
        defer { largest = max(largest, longest) }
        guard longest < largest || longest == 0 else {
            throw NeedsFullImport(description: "An answer of CAR with \(longest) edges may have been cut.")
        }
    }
}

/// Why an incremental import could not be proven to leave what a full one would.
struct NeedsFullImport: Failure {
    let description: String
    var label: String { "CAR.NeedsFullImport" }
}

extension IDRanges {
    /// All of them, in ascending order.
    fileprivate var ids: [Int64] { ranges.flatMap { Array($0) } }
}
