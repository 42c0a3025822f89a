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
        guard known.largestAnswer > 0 || known.assets.isEmpty else {
            throw NeedsFullImport(description: "CAR has never answered a question with an edge.")
        }
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
            let asked = (unread + unasked).flatMap { asset in
                ChangeIndex.ends.map { Question(edge: $0.edge, end: ("asset", String(asset)), other: $0.end) }
            }
            try await questions.ask(asked) { answers in
                try index.transaction { for answer in answers { try changes.add(before: answer.question, answer.ids) } }
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
            let keys = try changes.lost(collection)
            try await findHolders(collection, keys, changes, questions)
            for key in keys {
                let holders = try changes.unchangedHolders(collection, key)
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

    /// Finds the pairs that nobody has any more: no changed asset does, and of those that CAR has active no unchanged one.
    private func findPairings(_ changes: ChangeIndex, _ questions: Questions) async throws {
        for pairing in ChangeIndex.pairings {
            try changes.findCandidates(pairing)
            let lefts = try changes.candidates(pairing, .left).map {
                Question(edge: pairing.edge, end: (pairing.left, $0), other: pairing.right)
            }
            try await questions.ask(lefts) { answers in
                try changes.database.transaction {
                    for answer in answers { try changes.keep(pairing, left: answer.question.end.key, Set(answer.ids)) }
                }
            }
            // Nobody else has the left end as a rule, and nothing more need be asked.
            for side in [ChangeIndex.Side.left, .right] {
                let collection = pairing[side]
                if try !changes.addTold(collection, pairing, side) {
                    try await findHolders(collection, try changes.candidates(pairing, side), changes, questions)
                }
                try changes.markOff(pairing, side)
            }
        }
    }

    /// Asks for the assets that have some vertices. Each was seen on an asset before: an answer without that is not whole.
    private func findHolders(
        _ collection: String,
        _ keys: [String],
        _ changes: ChangeIndex,
        _ questions: Questions
    ) async throws {
        let asked = try keys.filter { try !changes.hasHolders(collection, $0) }
            .map { Question(edge: "asset_\(collection)", end: (collection, $0), other: "asset") }
        try await questions.ask(asked) { answers in
            try changes.database.transaction {
                for answer in answers { try changes.add(holders: answer.question, answer.ids) }
            }
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

/// Why an incremental import could not be proven to leave what a full one would.
struct NeedsFullImport: Failure {
    let description: String
    var label: String { "CAR.NeedsFullImport" }
}

extension IDRanges {
    /// All of them, in ascending order.
    fileprivate var ids: [Int64] { ranges.flatMap { Array($0) } }
}
