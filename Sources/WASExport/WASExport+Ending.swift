import Jobs
import Logging
import Support
import Telemetry

// What a run leaves: its manifest, its state, its answer.

extension WASExport {
    func pause(
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
            reason: JobAnswer.reasonToContinue
        )
    }

    /// Writes the manifest and ends the run. One that somebody asked for stays open while a scan is missing: asked for again,
    /// it fetches just that. The scheduled one finds it by looking back.
    ///
    /// - Parameter last: The last id of a part of the run; nil when this is all of it.
    func finish(
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
        let missing = failed.compactMap { Int64($0.id) }
        plan.remember(failed: missing, upTo: last, &state, at: services.clock.now())
        if let last {
            plan.close(upTo: last, missing: missing, &state, at: services.clock.now())
        } else if plan.followsCursor || failed.isEmpty {
            plan.close(&state)
        } else {
            state[plan.slot]?.missing = missing
        }
        try await services.state.end(owner, state.json, context)
        let answer = JobAnswer(
            job: .wasExport,
            run: plan.name,
            status: last == nil ? .done : .continues,
            counts: counts,
            manifest: services.output.address(key),
            reason: last.map { "There are scans after \($0): this part of the run is full." }
        )
        guard failed.isEmpty else { throw JobError(partial: .wasExport, missing: failed, answer: answer) }
        return answer
    }

    func dryAnswer(
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
