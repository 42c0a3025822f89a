import Jobs
import SQLite
import Support
import Telemetry

extension CARImport {
    /// Beyond so many changed assets, and this part of all, a full import is done sooner: each asks CAR seven times.
    private static let mostChanged = (assets: 2000, part: 4)

    /// Imports the assets that changed since a moment, takes away what they have no more, and those that are gone.
    ///
    /// - Throws: `NeedsFullImport` when it cannot be told what they have no more.
    func importChanges(since: Timestamp, _ known: ImportState, _ run: ImportRun) async throws -> JobAnswer {
        let index = try index("changes")
        let reading = reading(index, run)
        try await reading.readHostAssets()
        let present = try assets(in: index)
        let gone = known.assets.ids.filter { !present.contains($0) }
        let changed = try await findChanged(since, known, reading, index)
        guard changed.count <= Self.mostChanged.assets || changed.count * Self.mostChanged.part <= present.count else {
            throw NeedsFullImport(description: "\(changed.count) of \(present.count) assets have changed.")
        }
        // The whole truth about each of them.
        try await reading.readApplications(of: changed)
        try await reading.readDetections(of: try hostsInScope(index))
        try await reading.readKnowledgeBase()

        // Should this run not end, the next has to know of all assets that may be in CAR.
        var state = known
        for range in present.ranges { state.assets.insert(range) }
        try await services.state.save(run.owner, state.json, run.context)
        let writer = GraphWriter(index, run.envelope, .changed)
        try await send(writer, run)

        let changes = try ChangeIndex(index)
        let questions = Questions(client: client, run: run, largest: known.largestAnswer)
        try await compare(changed, gone, changes, writer, questions)
        let disabled = try await switchOff(changes, run)
        try await client.deleteAssets(gone, source: run.source, run.context)

        state.modelState = run.modelState
        state.assets = present
        state.largestAnswer = questions.largest
        try await client.setState(of: run.source, to: run.modelState, run.context)
        try await services.state.end(run.owner, state.json, run.context)
        return try answer(
            writer,
            run,
            further: [JobCount("disabled_edges", disabled), JobCount("deleted_assets", gone.count)]
        )
    }

    /// Fills the table `scope`: assets that one of three clocks says have changed, those that are new to CAR, and those that
    /// share a host with one of them.
    private func findChanged(
        _ since: Timestamp,
        _ known: ImportState,
        _ reading: QualysReading,
        _ index: ImportIndex
    ) async throws -> [Int64] {
        let updated = try await reading.assets(updatedAfter: since)
        let inventoried = try await reading.assets(inventoriedAfter: since)
        let processed = try await reading.hosts(processedAfter: since)
        let database = index.database
        try index.transaction {
            let rows = try database.prepare("SELECT id, host FROM asset", for: "listing assets")
            let add = try database.prepare("INSERT OR IGNORE INTO scope VALUES (?1)", for: "adding a changed asset")
            while try rows.step() {
                let id = rows.integer(at: 0)
                let host = rows.text(at: 1).flatMap { Int64($0) }
                guard
                    updated.contains(id) || inventoried.contains(id) || !known.assets.contains(id)
                        || host.map(processed.contains) == true
                else { continue }
                add.bind(1, id)
                try add.run()
            }
            try database.execute(
                "INSERT OR IGNORE INTO scope SELECT id FROM asset WHERE host IN (SELECT host FROM asset WHERE id IN scope)",
                for: "adding assets of the same host"
            )
        }
        var changed: [Int64] = []
        let rows = try database.prepare("SELECT asset FROM scope ORDER BY asset", for: "listing changed assets")
        while try rows.step() { changed.append(rows.integer(at: 0)) }
        return changed
    }

    private func hostsInScope(_ index: ImportIndex) throws -> [String] {
        var hosts: [String] = []
        let rows = try index.database.prepare(
            "SELECT DISTINCT host FROM asset WHERE id IN scope AND host IS NOT NULL ORDER BY CAST(host AS INTEGER)",
            for: "listing changed hosts"
        )
        while try rows.step() { hosts.append(rows.text(at: 0) ?? "") }
        // Anything but a number would make the call of all of them fail.
        return hosts.filter { Int64($0) != nil }
    }

    /// Finds out what is no more. Nothing is changed before all of it is known.
    private func compare(
        _ changed: [Int64],
        _ gone: [Int64],
        _ changes: ChangeIndex,
        _ writer: GraphWriter,
        _ questions: Questions
    ) async throws {
        try changes.fillNow { writer.isSent(qid: $0, severity: $1) }
        for asset in changed + gone {
            for (edge, end) in ChangeIndex.ends {
                let keys = try await questions.ask(edge, of: "asset", String(asset), at: end)
                try changes.add(before: edge, asset, keys)
            }
            services.progress.report(JobProgress.Report(unit: "comparisons", done: questions.count))
        }
        for pairing in ChangeIndex.pairings {
            try changes.findCandidates(pairing)
            for left in try changes.lefts(of: pairing.edge) {
                let active = try await questions.ask(pairing.edge, of: pairing.left, left, at: pairing.right)
                try changes.keep(pairing.edge, left: left, Set(active))
            }
            try await judge(pairing, changes, questions)
        }
        try questions.check()
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
