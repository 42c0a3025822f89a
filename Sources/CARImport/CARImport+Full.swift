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
        try await services.state.save(run.owner, state.json, run.context)
        if modelState != nil { try await client.setState(of: run.source, to: "", run.context) }
        try await client.startFullImport(of: run.source, run.context)
        let writer = GraphWriter(index, run.envelope, .everything)
        try await send(writer, run)
        try await client.endFullImport(of: run.source, run.context)
        state.largestAnswer = try await largestAnswer(index, run)
        state.isUnfinished = false
        try await client.setState(of: run.source, to: run.modelState, run.context)
        try await services.state.end(run.owner, state.json, run.context)
        return try answer(writer, run)
    }

    /// Source and report, then all vertices, then all edges: each when what it needs is in.
    func send(_ writer: GraphWriter, _ run: ImportRun) async throws {
        try await run.sender.send(run.context) { emit in try await emit("report", run.envelope.opening) }
        try await run.sender.send(run.context) { emit in try await writer.writeVertices(emit) }
        try await run.sender.send(run.context) { emit in try await writer.writeEdges(emit) }
    }

    func assets(in index: ImportIndex) throws -> IDRanges {
        var assets = IDRanges()
        let rows = try index.database.prepare("SELECT id FROM asset ORDER BY id", for: "listing assets")
        while try rows.step() { assets.insert(rows.integer(at: 0)) }
        return assets
    }

    /// Asks CAR for the vertex that has the most edges, to know how long an answer can be.
    private func largestAnswer(_ index: ImportIndex, _ run: ImportRun) async throws -> Int {
        let probe = try index.database.prepare(
            """
            SELECT edge, end, id, count FROM (
                SELECT 'asset_ipaddress' edge, 'ipaddress' end, 'ipaddress/' || address id, count(*) count
                    FROM asset_ipaddress GROUP BY address
                UNION ALL SELECT 'asset_account', 'account', ?1 || '/' || username, count(*)
                    FROM asset_account GROUP BY username
                UNION ALL SELECT 'asset_geolocation', 'geolocation', ?1 || '/' || region, count(*)
                    FROM asset_geolocation GROUP BY region
                UNION ALL SELECT 'asset_application', 'application', ?1 || '/' || id, count(DISTINCT asset)
                    FROM asset_application JOIN application ON number = application WHERE name IS NOT NULL GROUP BY id
            ) WHERE count <= 100000 ORDER BY count DESC, id LIMIT 1
            """,
            for: "finding the vertex with the most edges"
        )
        probe.bind(1, run.source)
        guard try probe.step(), let edge = probe.text(at: 0), let end = probe.text(at: 1), let id = probe.text(at: 2)
        else { return 0 }
        probe.reset()
        return try await client.neighbours(edge, of: (end, id), at: "asset", run.context).count
    }
}

/// Why an incremental import could not be proven to leave what a full one would.
struct NotProvable: Failure {
    let description: String
    var label: String { "CAR.NotProvable" }
}
