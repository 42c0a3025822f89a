import Jobs
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
        state.largestAnswer = try await largestAnswer(index, writer, run)
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

    /// Asks CAR for the vertex that has the most edges, to know how long an answer can be.
    private func largestAnswer(_ index: ImportIndex, _ writer: GraphWriter, _ run: ImportRun) async throws -> Int {
        let probe = try index.database.prepare(
            """
            SELECT end, id, count FROM (
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
        var most: (collection: String, id: String, count: Int)?
        if try probe.step() {
            most = (probe.text(at: 0) ?? "", probe.text(at: 1) ?? "", Int(probe.integer(at: 2)))
            probe.reset()
        }
        if let (qid, count) = writer.mostCommonQID(atMost: Self.longestProbe), count > most?.count ?? 0 {
            most = ("vulnerability", "\(run.source)/\(qid)", count)
        }
        guard let most else { return 0 }
        let edge = "asset_\(most.collection)"
        return try await client.neighbours(edge, of: (most.collection, most.id), at: "asset", run.context).count
    }
}
