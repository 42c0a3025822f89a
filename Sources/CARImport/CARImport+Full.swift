import Jobs
import Logging
import SQLite
import Support
import Telemetry

extension CARImport {
    /// Leaves in CAR exactly what Qualys has. CAR drops at the end what was not sent since the start: so the end is only
    /// told when all was sent, and until then nobody takes what is there for complete.
    func importAll(_ modelState: String?, _ known: ImportState?, _ run: ImportRun) async throws -> JobAnswer {
        let index = try index("full")
        let reading = reading(index, run)
        try await reading.readHostAssets()
        // Before the detections, whose results are searched for products as they come.
        try await reading.readApplications()
        try await reading.readDetections()
        try await reading.readKnowledgeBase()

        var state = ImportState(
            source: run.source,
            modelState: run.modelState,
            assets: try assets(in: index),
            largestAnswer: 0,
            isUnfinished: true
        )
        // From here on to the end the next run is a full one, whoever starts it and from wherever.
        try await remember(state, ends: false, run)
        if modelState != nil { try await client.setState(of: run.source, to: "", run.context) }
        try await client.startFullImport(of: run.source, run.context)
        let writer = GraphWriter(index, run.envelope, .everything)
        try await send(writer, run)
        try await client.endFullImport(of: run.source, run.context)
        do {
            state.largestAnswer = try await largestAnswer(index, writer, run)
        } catch let error as CARError {
            run.context.log.notice("CAR does not answer to queries: the next import is full", error: error)
        }
        state.isUnfinished = false
        try await client.setState(of: run.source, to: run.modelState, run.context)
        try await remember(state, ends: true, run)
        return try answer(writer, run)
    }

    /// Source and report, then all vertices, then edges: each when what it needs is in.
    func send(_ writer: GraphWriter, _ run: ImportRun) async throws {
        try await run.sender.send(run.context) { emit in try await emit("report", run.envelope.opening) }
        try await run.sender.send(run.context) { emit in try await writer.writeVertices(emit) }
        try await run.sender.send(run.context) { emit in try await writer.writeAssetEdges(emit) }
        // What is there because an asset has both ends comes after those edges: so it never is there without them.
        try await run.sender.send(run.context) { emit in try await writer.writePairings(emit) }
    }

    func assets(in index: ImportIndex) throws -> IDRanges {
        var assets = IDRanges()
        let rows = try index.database.prepare("SELECT id FROM asset ORDER BY id", for: "listing assets")
        while try rows.step() { assets.insert(rows.integer(at: 0)) }
        return assets
    }

    /// The most edges of one vertex that CAR is asked for to know how long its answers can be.
    private static let longestProbe = 100_000

    /// Asks CAR for the vertices that have the most edges, to know how long an answer can be.
    private func largestAnswer(_ index: ImportIndex, _ writer: GraphWriter, _ run: ImportRun) async throws -> Int {
        let probe = try index.database.prepare(
            """
            SELECT end, id FROM (
                SELECT 'ipaddress' end, 'ipaddress/' || address id, count(*) count FROM asset_ipaddress GROUP BY address
                UNION ALL SELECT 'account', ?1 || '/' || username, count(*) FROM asset_account GROUP BY username
                UNION ALL SELECT 'geolocation', ?1 || '/' || region, count(*) FROM asset_geolocation GROUP BY region
                UNION ALL SELECT 'application', ?1 || '/' || id, count(DISTINCT asset)
                    FROM asset_application JOIN application ON number = application WHERE name IS NOT NULL GROUP BY id
            ) WHERE count <= \(Self.longestProbe) ORDER BY count DESC, id LIMIT 1
            """,
            for: "finding the vertex with the most edges"
        )
        probe.bind(1, run.source)
        var ends: [(from: String, collection: String, id: String)] = []
        if try probe.step() { ends.append(("asset", probe.text(at: 0) ?? "", probe.text(at: 1) ?? "")) }
        probe.reset()
        if let qid = writer.mostCommonQID(atMost: Self.longestProbe) {
            // Assets have more addresses than one: of those that a QID is asked for, this is the longest answer.
            for from in ["asset", "ipaddress"] { ends.append((from, "vulnerability", "\(run.source)/\(qid)")) }
        }
        var largest = 0
        for (from, collection, id) in ends {
            let found = try await client.neighbours(
                "\(from)_\(collection)",
                of: (collection, id),
                at: from,
                run.context
            )
            largest = max(largest, found.count)
        }
        return largest
    }
}
