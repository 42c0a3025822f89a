package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry

/// Imports what Qualys knows of assets, software and vulnerabilities into a CAR database: all of it, or what changed.
///
/// Qualys is read to its end before anything is sent, so that a failure there leaves CAR as it was.
package struct CARImport: Sendable {
    /// What changed so long before the last import began is read again: the clocks of Qualys lag.
    private static let overlap = Duration.seconds(3600)

    let services: JobServices
    let client: CARClient
    /// A folder in which the imports are kept as files, too.
    package var export: String?

    /// - Parameter client: Signs in to CAR.
    package init(_ services: JobServices, client: CARClient) {
        self.services = services
        self.client = client
    }

    /// - Returns: What was sent; `continues` when another run is at work.
    /// - Throws: `CARError`, `QualysError` and others; CAR and state are such that the next run makes it good.
    package func run(
        _ parameters: CARImportParameters,
        owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        do {
            return try await services.onlyRun(of: .carImport, owner: owner, context) { now, saved in
                let known = saved.flatMap { ImportState(json: $0, source: parameters.source) }
                let run = ImportRun(
                    source: parameters.source,
                    objects: parameters.objects,
                    started: now,
                    owner: owner,
                    context: context,
                    sender: ImportSender(
                        client: client,
                        workers: services.workers,
                        progress: services.progress,
                        export: export.map { ImportFiles(folder: $0, run: now.basicISO8601) }
                    )
                )
                return try await imported(parameters, known, run)
            }
        } catch let error as CARError where !error.isRecoverable {
            // As IBM's framework does: the next import is full, also where nothing but CAR remembers.
            try? await client.setState(of: parameters.source, to: "", context)
            throw error
        }
    }

    private func imported(
        _ parameters: CARImportParameters,
        _ known: ImportState?,
        _ run: ImportRun
    ) async throws -> JobAnswer {
        let isNew = try await client.prepareDatabase(run.context)
        let modelState = isNew ? nil : try await client.state(of: run.source, run.context)
        if parameters.mode != .full, let modelState, let known, !known.isUnfinished, known.modelState == modelState,
            let last = Timestamp(modelState: modelState)
        {
            do {
                return try await importChanges(since: last - Self.overlap, known, run)
            } catch let reason as NeedsFullImport {
                run.context.log.notice(
                    "An incremental import cannot be proven right; a full one follows",
                    metadata: ["reason": "\(reason.description)"]
                )
            }
        } else if parameters.mode == .incremental {
            run.context.log.notice("Nobody knows what was imported last: the import is full")
        }
        return try await importAll(modelState, known, run)
    }

    /// Signs in to CAR and to all of Qualys that an import reads, and reads one record of each.
    package func testConnections(_ context: CallContext) async throws {
        try await client.test(context)
        var search = QualysCalls.hostAssets
        search.pageSize = 1
        let scratch = services.scratch
        _ = try await services.qualys.page(of: search, after: 0, scratch: scratch, context)
        _ = try await services.qualys.send(QualysCalls.oneHost, context) {
            .xml(DetectionReader.root, scratch: scratch)
        }
        _ = try await services.qualys.send(QualysCalls.knowledgeBase([QualysCalls.oneQID]), context) {
            .xml(KnowledgeBaseReader.root, scratch: scratch)
        }
        _ = try await services.qualys.send(QualysCalls.applications(after: 0, pageSize: 1), context) {
            .inventory(pageSize: 1, scratch: scratch)
        }
    }

    /// Remembers for the next run. What does not fit where it is kept is left out: then the next import is full.
    ///
    /// - Parameter ends: Whether the job is given back.
    func remember(_ state: ImportState, ends: Bool, _ run: ImportRun) async throws {
        do {
            if ends {
                try await services.state.end(run.owner, state.json, run.context)
            } else {
                try await services.state.save(run.owner, state.json, run.context)
            }
        } catch let error as JobStateError {
            guard case .tooLarge = error else { throw error }
            run.context.log.notice("The import's state does not fit: the next import is full", error: error)
            if ends { try await services.state.end(run.owner, nil, run.context) }
        }
    }

    func index(_ name: String) throws -> ImportIndex {
        try ImportIndex(path: "\(services.scratch)/\(name).db")
    }

    func reading(_ index: ImportIndex, _ run: ImportRun) -> QualysReading {
        QualysReading(
            qualys: services.qualys,
            index: index,
            scratch: services.scratch,
            clock: services.clock,
            progress: services.progress,
            context: run.context
        )
    }

    func answer(_ writer: GraphWriter, _ run: ImportRun, further: [JobCount] = []) throws -> JobAnswer {
        let counts = writer.counts.map { JobCount($0.name, $0.value) }
        return JobAnswer(
            job: .carImport,
            run: run.started.basicISO8601,
            status: .done,
            counts: counts + further + [JobCount("refused", try writer.refusedCount())]
        )
    }
}

/// What the parts of one run share.
struct ImportRun: Sendable {
    let source: String
    let objects: Int

    /// Before the first call of Qualys: from here on the next import looks for changes.
    let started: Timestamp
    let owner: String
    let context: CallContext
    let sender: ImportSender

    var modelState: String { String(started.milliseconds) }
    var envelope: ImportEnvelope { ImportEnvelope(source: source, timestamp: started, objects: objects) }
}

extension Timestamp {
    /// Milliseconds since the epoch as text, with a fraction or without.
    init?(modelState: String) {
        guard let milliseconds = Double(modelState), milliseconds > 0, milliseconds < 1e15 else { return nil }
        self.init(milliseconds: Int64(milliseconds))
    }
}
