import JSONStream
package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry

/// Exports finished web application scans: one object a scan, the bytes as Qualys sent them, and a manifest at the end.
package struct WASExport: Sendable {
    /// Kept free at the end for the manifest and the state; of a short run a fifth of its time.
    private static let reserve = Duration.seconds(20)

    /// A manifest ends after so many scans, and the next run goes on: the lists of two runs have to fit into the state's row.
    static let mostObjects = 1500

    private enum Ending {
        case complete
        /// There was no time for all of it.
        case cutShort
        /// The manifest is full: this is the last id in it.
        case full(upTo: Int64)
    }

    private let services: JobServices

    package init(_ services: JobServices) {
        self.services = services
    }

    /// - Parameter owner: Whose run it is: the same for the retry of an event.
    /// - Returns: What was exported; `continues` when there was no time for all of it.
    /// - Throws: `JobError`, `partial` when some scans are missing.
    package func run(
        _ parameters: WASExportParameters,
        owner: String,
        _ context: CallContext
    ) async throws(JobError) -> JobAnswer {
        try await failing(as: .wasExport) {
            try await services.onlyRun(of: .wasExport, owner: owner, context) { now, saved in
                let place = "the state of \(JobName.wasExport.rawValue)"
                let state = try saved.map { try ExportState(json: $0, place: place) } ?? ExportState()
                return try await work(parameters, state, at: now, owner: owner, context)
            }
        }
    }

    private func work(
        _ parameters: WASExportParameters,
        _ saved: ExportState,
        at now: Timestamp,
        owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        var state = saved
        let plan = ExportPlan(parameters, &state, at: now)
        guard plan.followsCursor || !plan.ids.isEmpty || plan.window.since < plan.window.until else {
            throw JobError(
                failed: .wasExport,
                reason: "No scan can have finished from \(plan.window.since.iso8601) (since) to before "
                    + "\(plan.window.until.iso8601) (until)."
            )
        }
        let recorder = ExportRecorder(
            state,
            plan.slot,
            store: services.state,
            owner: owner,
            clock: services.clock
        )
        let time = context.deadline.remaining(at: services.clock.now())
        let work = context.keeping(min(Self.reserve, .milliseconds(time.milliseconds / 5)))
        let ending: Ending
        do {
            let scans = try await scans(of: plan, known: state, work)
            guard !parameters.isDry else { return try await dryAnswer(plan, scans, owner, context) }
            ending = try await export(scans, plan, recorder, work)
        } catch let error as QualysError where error.isOutOfTime {
            ending = .cutShort
            context.log.notice("The export stops before it is done", error: error)
        }
        return switch ending {
        case .cutShort: try await pause(plan, recorder, owner, context)
        case .full(let last): try await finish(plan, upTo: last, recorder, owner, context)
        case .complete: try await finish(plan, upTo: nil, recorder, owner, context)
        }
    }

    /// The scans that may belong to the run and are not exported yet, in ascending order of ids.
    private func scans(
        of plan: ExportPlan,
        known: ExportState,
        _ context: CallContext
    ) async throws -> [FinishedScan] {
        let done = Set(plan.done(known))
        guard plan.ids.isEmpty else {
            return plan.ids.filter { $0 > plan.after && !done.contains($0) }.map { FinishedScan(id: $0) }
        }
        var scans: [FinishedScan] = []
        let search = WASCalls.search(launchedAfter: plan.launchedAfter)
        try await services.qualys.forEachPage(of: search, after: plan.after, scratch: services.scratch, context) {
            page in
            try page.answer.forEachRecord { record in
                let scan = try FinishedScan(record)
                guard !done.contains(scan.id),
                    !(plan.followsCursor && known.settled.contains(scan.id)),
                    plan.window.verdict(launched: scan.launched, ended: scan.ended) != .outside
                else { return }
                scans.append(scan)
            }
        }
        if plan.followsCursor {
            let listed = Set(scans.map(\.id)).union(done)
            scans += known.missing.ids.filter { $0 > plan.after && !listed.contains($0) }.map { FinishedScan(id: $0) }
        }
        return scans.sorted { $0.id < $1.id }
    }

    /// - Returns: `full` when there are more than the manifest holds.
    private func export(
        _ scans: [FinishedScan],
        _ plan: ExportPlan,
        _ recorder: ExportRecorder,
        _ context: CallContext
    ) async throws -> Ending {
        let room = max(1, Self.mostObjects - (await recorder.objects.count))
        let progress = ExportProgress(total: scans.count, services.progress)
        // Twice as many as may download: while one is uploaded the next is on its way.
        let part = scans.prefix(room)
        try await forEach(part, workers: 2 * services.workers) { scan in
            let bytes: Int64
            do {
                bytes = try await export(scan, plan, recorder, context)
            } catch let error as QualysError where error.isOutOfTime || error.isHopeless {
                throw error
            } catch let error as JobStateError {
                throw error
            } catch {
                guard !context.deadline.hasPassed(at: services.clock.now()), !Task.isCancelled else {
                    throw QualysError(
                        .deadline,
                        call: "the export of scan \(scan.id)",
                        message: "The deadline has passed."
                    )
                }
                let reason = describe(error).description
                context.log.warning("A scan could not be exported", error: error, metadata: ["scan": "\(scan.id)"])
                await recorder.failed(scan, reason)
                bytes = 0
            }
            progress.step(bytes)
        }
        guard scans.count > part.count, let last = part.last else { return .complete }
        return .full(upTo: last.id)
    }

    /// - Returns: The bytes that were stored, 0 for a scan outside the window.
    private func export(
        _ scan: FinishedScan,
        _ plan: ExportPlan,
        _ recorder: ExportRecorder,
        _ context: CallContext
    ) async throws -> Int64 {
        let window = plan.window
        // A scan launched before the window is most likely outside: its end is asked for before its results are.
        if plan.ids.isEmpty, scan.ended == nil, let launched = scan.launched, launched < window.since {
            let path: JSONPath = "ServiceResponse.data[0].WasScan.endScanDate"
            let call = WASCalls.get(scan.id)
            let answer = try await services.qualys.send(call, context) {
                .qps(scratch: services.scratch, limit: 64 << 20, found: [path])
            }
            let ended = answer[path].flatMap { Timestamp(iso8601: $0) }
            guard window.verdict(launched: launched, ended: ended ?? launched) == .inside else {
                await recorder.passedOver(scan, settles: plan.followsCursor && (ended ?? launched) < window.since)
                return 0
            }
        }
        let answer = try await services.qualys.send(WASCalls.download(scan.id), context) {
            .qps(scratch: services.scratch, found: DownloadedScan.paths)
        }
        let download = try DownloadedScan(answer, id: scan.id)
        if plan.ids.isEmpty, let ended = download.ended,
            window.verdict(launched: scan.launched, ended: ended) == .outside
        {
            await recorder.passedOver(scan, settles: plan.followsCursor && ended < window.since)
            return 0
        }
        let object = try await services.output.put(
            JobObject(key: ExportState.ExportedScan.key(scan.id), metadata: download.metadata),
            .spooled(answer.body),
            context
        )
        try await recorder.exported(scan, object, settles: plan.followsCursor, context)
        return object.bytes
    }

    private func pause(
        _ plan: ExportPlan,
        _ recorder: ExportRecorder,
        _ owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        let state = await recorder.state
        try await services.state.end(owner, state.json, context)
        return JobAnswer(
            job: .wasExport,
            run: plan.name,
            status: .continues,
            counts: await counts(recorder, exported: await recorder.objects.count),
            reason: "There was no time for all of it."
        )
    }

    /// Writes the manifest and ends the run. One that somebody asked for stays open while a scan is missing: asked for again,
    /// it fetches just that. The scheduled one finds it by looking back.
    ///
    /// - Parameter last: The last id of a part of the run; nil when this is all of it.
    private func finish(
        _ plan: ExportPlan,
        upTo last: Int64?,
        _ recorder: ExportRecorder,
        _ owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        let failed = await recorder.failed
        let objects = await recorder.objects.filter { $0.id <= last ?? .max }
        let counts = await counts(recorder, exported: objects.count)
        let manifest = Manifest(
            job: .wasExport,
            run: plan.name,
            parametersName: plan.ids.isEmpty ? "window" : "parameters",
            parameters: plan.described,
            counts: counts,
            objects: objects.map { scan in
                let key = services.output.storedKey(ExportState.ExportedScan.key(scan.id))
                return StoredObject(key: key, bytes: scan.bytes, sha256: scan.sha256)
            },
            failed: failed,
            started: plan.started,
            finished: services.clock.now()
        )
        // Before the manifest: a run that is killed after that goes on under its name, and lists no scan in a second one.
        if !(await recorder.objects.isEmpty) { try await recorder.save(context) }
        let key = "manifests/was-export-\(plan.name).json"
        _ = try await services.output.put(JobObject(key: key), .bytes(manifest.json), context)
        var state = await recorder.state
        plan.remember(failed: failed.compactMap { Int64($0.id) }, upTo: last, &state, at: services.clock.now())
        if let last {
            plan.close(upTo: last, &state, at: services.clock.now())
        } else if plan.followsCursor || failed.isEmpty {
            plan.close(&state)
        }
        try await services.state.end(owner, state.json, context)
        let answer = JobAnswer(
            job: .wasExport,
            run: plan.name,
            status: last == nil ? .done : .continues,
            counts: counts,
            manifest: services.output.address(key),
            reason: last.map { "There are scans after \($0): a manifest holds \(Self.mostObjects)." }
        )
        guard failed.isEmpty else { throw JobError(partial: .wasExport, missing: failed, answer: answer) }
        return answer
    }

    private func dryAnswer(
        _ plan: ExportPlan,
        _ scans: [FinishedScan],
        _ owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        for scan in scans {
            context.log.info(
                "Would be exported, if it finished in the window",
                metadata: ["scan": "\(scan.id)", "launched": "\(scan.launched?.iso8601 ?? "")"]
            )
        }
        try await services.state.end(owner, nil, context)
        return JobAnswer(
            job: .wasExport,
            run: plan.name,
            status: .done,
            counts: [JobCount("candidates", scans.count)],
            reason: "Nothing was exported: this was a dry run."
        )
    }

    private func counts(_ recorder: ExportRecorder, exported: Int) async -> [JobCount] {
        [
            JobCount("exported", exported), JobCount("failed", await recorder.failed.count),
            JobCount("outside", await recorder.outside),
        ]
    }
}
