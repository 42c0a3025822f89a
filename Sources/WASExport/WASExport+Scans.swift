import JSONStream
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

// Which scans there are, and the export of each.

extension WASExport {
    /// The scans that may belong to the run and are not exported yet, in ascending order of ids.
    func scans(
        of plan: ExportPlan,
        known: ExportState,
        _ context: CallContext
    ) async throws -> [FinishedScan] {
        let done = Set(plan.done(known))
        var scans: [FinishedScan] = []
        if plan.ids.isEmpty {
            let search = WASCalls.search(launchedAfter: plan.launchedAfter, before: plan.launchedBefore)
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
        } else {
            scans = plan.ids.filter { $0 > plan.after && !done.contains($0) }.map { FinishedScan(id: $0) }
        }
        let listed = Set(scans.map(\.id)).union(done)
        scans += plan.missing(known).filter { !listed.contains($0) }.map { FinishedScan(id: $0) }
        return scans.sorted { $0.id < $1.id }
    }

    /// - Returns: `full` when there are more than the state has room for.
    func export(
        _ scans: [FinishedScan],
        _ plan: ExportPlan,
        _ recorder: ExportRecorder,
        _ context: CallContext
    ) async throws -> Ending {
        let room = await recorder.state.room(for: plan.slot)
        let progress = ExportProgress(total: scans.count, services.progress)
        // Twice as many as may download: while one is uploaded the next is on its way.
        let part = scans.prefix(room)
        try await forEach(part, workers: 2 * services.workers) { scan in
            let outcome = try await services.onePiece("the export of scan \(scan.id)", context) {
                try await export(scan, plan, recorder, context)
            }
            if case .failure(let error) = outcome {
                context.log.warning("A scan could not be exported", error: error, metadata: ["scan": "\(scan.id)"])
                await recorder.failed(scan, describe(error).description)
            }
            progress.step((try? outcome.get()) ?? 0)
        }
        guard scans.count > part.count, let last = part.last else { return .complete }
        return .full(upTo: last.id)
    }

    /// - Returns: The bytes that were stored, 0 for a scan outside the window.
    func export(
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
}
