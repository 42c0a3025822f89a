package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry

/// Exports finished web application scans: one object a scan, the bytes as Qualys sent them, and a manifest at the end.
package struct WASExport: Sendable {
    /// Kept free at the end for the manifest and the state; of a short run a fifth of its time.
    private static let reserve = Duration.seconds(20)

    enum Ending {
        case complete
        /// There was no time for all of it.
        case cutShort
        /// The state has no room for more: this is the last id of this part of the run.
        case full(upTo: Int64)
    }

    let services: JobServices

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
                let state = try saved.map { try ExportState(json: $0, place: services.state.place) } ?? ExportState()
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
            // Saved at once: where the first run began is not to be lost with it.
            if !parameters.isDry { try await recorder.save(work) }
            let scans = try await scans(of: plan, known: state, work)
            guard !parameters.isDry else { return try await dryAnswer(plan, scans, owner, context) }
            ending = try await export(scans, plan, recorder, work)
        } catch {
            guard !parameters.isDry else { throw error }
            guard Task.isCancelled || (error as? QualysError)?.isOutOfTime == true else {
                try? await recorder.save(context)
                throw error
            }
            ending = .cutShort
            context.log.notice("The export stops before it is done", error: error)
        }
        return switch ending {
        case .cutShort: try await pause(plan, recorder, owner, context)
        case .full(let last): try await finish(plan, upTo: last, recorder, owner, context)
        case .complete: try await finish(plan, upTo: nil, recorder, owner, context)
        }
    }
}
