import Files
import Glibc
import JSONStream
package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry

/// Makes a point-in-time copy of all web application data: pages as Qualys sent them, and a database of their rows.
///
/// What is written appears under a folder of the run's own, and `latest.json` names it at the very end: a run that fails or
/// is interrupted leaves the snapshot before it as it was.
package struct WASSnapshot: Sendable {
    /// Kept free at the end to complete the database and to write it.
    private static let reserve = Duration.seconds(60)

    private let services: JobServices

    package init(_ services: JobServices) {
        self.services = services
    }

    /// - Parameter owner: Whose run it is: the same for the retry of an event.
    /// - Returns: What is in the snapshot; `continues` when there was no time for all of it.
    /// - Throws: `JobError`, `partial` when the snapshot is there, but for some web applications.
    package func run(
        _ parameters: WASSnapshotParameters,
        owner: String,
        _ context: CallContext
    ) async throws(JobError) -> JobAnswer {
        try await failing(as: .wasSnapshot) {
            guard !parameters.isDry else { return try await dryAnswer(context) }
            return try await services.onlyRun(of: .wasSnapshot, owner: owner, context) { now, saved in
                let state = try saved.flatMap { try SnapshotState.read($0, place: services.state.place) }
                let latest = parameters.asksForChanges ? try await latest(context) : nil
                let plan = SnapshotPlan(parameters, saved: state, latest: latest, owner: owner, at: now)
                do {
                    return try await work(plan, parameters, owner: owner, context)
                } catch let error as LostPage {
                    context.log.warning("The run that was not finished cannot go on", error: error)
                    let fresh = SnapshotPlan(parameters, saved: nil, latest: latest, owner: owner, at: now)
                    return try await work(fresh, parameters, owner: owner, context)
                }
            }
        }
    }

    private func work(
        _ plan: SnapshotPlan,
        _ parameters: WASSnapshotParameters,
        owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        let now = services.clock.now()
        let time = context.deadline.remaining(at: now)
        let work = context.keeping(min(Self.reserve, .milliseconds(time.milliseconds / 5)))
        let recorder = SnapshotRecorder(plan.state, services: services, owner: owner)
        if plan.isContinued {
            context.log.info("A snapshot goes on that was not finished", metadata: ["run": "\(plan.name)"])
        }
        let publication = SnapshotPublication(services: services, plan: plan, recorder: recorder, context: context)
        defer { publication.removeFiles() }
        do {
            if let base = plan.base { try await publication.fetch(base) }
            let loader = try SnapshotLoader(
                path: publication.databasePath,
                run: plan.state.started,
                isUpdate: plan.base != nil,
                clock: services.clock
            )
            // Saved at once: a run that is killed in its first seconds goes on under its name, too.
            try await recorder.save(work)
            let reading = SnapshotReading(
                services: services,
                plan: plan,
                loader: loader,
                recorder: recorder,
                context: work
            )
            let counts = try await reading.run()
            try await publication.refuseShortfall(of: loader, counts, owner: owner)
            // What follows is short; should there be no time for it, the next run has only that to do.
            try await recorder.save(context)
            return try await publication.publish(loader, counts, parameters, owner: owner)
        } catch let error as JobError {
            throw error
        } catch {
            let isOutOfTime = Task.isCancelled || (error as? QualysError)?.isOutOfTime == true
            guard isOutOfTime || work.deadline.hasPassed(at: services.clock.now()) else {
                try? await recorder.save(context)
                throw error
            }
            context.log.notice("The snapshot stops before it is done", error: error)
            try await services.state.end(owner, await recorder.lastState(), context)
            return JobAnswer(
                job: .wasSnapshot,
                run: plan.name,
                status: .continues,
                counts: await recorder.counts,
                reason: JobAnswer.reasonToContinue
            )
        }
    }

    /// The last snapshot, when there is one.
    private func latest(_ context: CallContext) async throws -> LatestSnapshot? {
        let path = "\(services.scratch)/latest-\(uniqueName()).json"
        defer { unlink(path) }
        guard try await services.output.getIfReadable(SnapshotFiles.latest, path, context),
            let bytes = try? contents(ofFile: path, limit: 1 << 20)
        else { return nil }
        return LatestSnapshot.read(bytes)
    }

    private func dryAnswer(_ context: CallContext) async throws -> JobAnswer {
        var counts: [JobCount] = []
        for (kind, name) in [("webapp", "web_applications"), ("finding", "findings"), ("catalog", "catalog")] {
            let answer = try await services.qualys.send(SnapshotCalls.count(kind), context) {
                .qps(scratch: services.scratch, found: ["ServiceResponse.count"])
            }
            counts.append(JobCount(name, answer["ServiceResponse.count"].flatMap { Int($0) } ?? 0))
        }
        return JobAnswer(
            job: .wasSnapshot,
            run: services.clock.now().basicISO8601,
            status: .done,
            counts: counts,
            reason: "Nothing was read: this was a dry run."
        )
    }
}
