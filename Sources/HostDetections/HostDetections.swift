import HTTPTransport
import Hashing
package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry
import XMLStream

/// Pulls the host detections of a subscription: who the hosts are, then batches of them side by side, each answer as it
/// came, rows of it in the forms that were asked for, and a manifest at the end.
package struct HostDetections: Sendable {
    /// Kept free at the end for the manifest and the state, of little time a tenth.
    private static let reserve = Duration.seconds(30)

    /// Hosts that were processed while the last run began may not have been in its list.
    static let overlap = Duration.seconds(3600)

    private let services: JobServices

    package init(_ services: JobServices) {
        self.services = services
    }

    /// - Parameter owner: Whose run it is: the same for the retry of an event.
    /// - Returns: What was pulled; `continues` when there was no time for all of it.
    /// - Throws: `JobError`, `partial` when some batches are missing.
    package func run(
        _ parameters: HostDetectionsParameters,
        owner: String,
        _ context: CallContext
    ) async throws(JobError) -> JobAnswer {
        try await failing(as: .hostDetections) {
            let workers = parameters.workers ?? services.workers
            let ofAPI = parameters.workersOfKind.map { ($0.key.api, $0.value) }
            let qualys = services.qualys.limited(to: workers, Dictionary(uniqueKeysWithValues: ofAPI))
                .observed { $0.write(to: context.log) }
            let services = JobServices(
                qualys: qualys,
                output: services.output,
                state: services.state,
                scratch: services.scratch,
                workers: workers,
                clock: services.clock,
                progress: services.progress
            )
            return try await services.onlyRun(of: .hostDetections, owner: owner, context) { now, saved in
                let place = services.state.place
                let state = try saved.map { try DetectionsState(json: $0, place: place) } ?? DetectionsState()
                return try await HostDetections(services).work(parameters, state, at: now, owner: owner, context)
            }
        }
    }

    private func work(
        _ asked: HostDetectionsParameters,
        _ saved: DetectionsState,
        at now: Timestamp,
        owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        var state = saved
        let plan = try await RunPlan(asked, &state, at: now, owner: owner, services, context)
        let recorder = DetectionsRecorder(
            state,
            plan.checkpoint,
            run: plan.run,
            layout: plan.parameters.layout,
            services: services,
            owner: owner
        )
        let time = context.deadline.remaining(at: services.clock.now())
        let work = context.keeping(min(Self.reserve, .milliseconds(time.milliseconds / 10)))
        do {
            try await signIn(work)
            let puller = BatchPull(
                services: services,
                parameters: plan.parameters,
                run: plan.run,
                processedAfter: plan.processedAfter,
                base: try await services.qualys.apiURL(context)
            )
            let early = EarlyPull(puller, work)
            if plan.checkpoint.isListed {
                try await pull(plan, await recorder.hosts, puller, early, recorder, work)
            } else {
                let found = try await HostListing(services: services, plan: plan, early: early).read(work)
                await recorder.setHosts(found)
                // The first calls need not wait until that is saved; without it they go no further.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await recorder.save(context) }
                    group.addTask { try await pull(plan, found.hosts, puller, early, recorder, work) }
                    for try await _ in group {}
                }
            }
            return try await finish(plan, recorder, owner, work, context)
        } catch let error as JobError {
            throw error
        } catch let error where (error as? QualysError)?.isOutOfTime == true || Task.isCancelled {
            context.log.notice("The pull stops before it is done", error: error)
            return try await pause(plan, recorder, because: error, owner, context)
        }
    }

    /// Asks who we are, which is how a wrong password and the limit on calls are known before anything else.
    private func signIn(_ context: CallContext) async throws {
        do {
            try await services.qualys.send(HostCalls.about, context) {
                AnswerReceiver(sink: .collect(limit: 1 << 20)) { (response: HTTPResponse) throws(AnswerFault) in
                    guard let root = try? XMLElement.parse(response.body), root.name == "ABOUT" else {
                        throw .error(response.body)
                    }
                }
            }
        } catch {
            // A wrong address is told at once, and not when the calls that matter have waited for it.
            guard !error.isHopeless, !error.isOutOfTime, !error.isUnanswered else { throw error }
            // Not every account may ask, and maintenance ends; the calls that matter will tell.
            context.log.notice("The limits could not be asked for", error: error)
        }
        let limit = services.qualys.concurrency(of: .about)
        context.log.info(
            "Signed in",
            metadata: ["workers": "\(services.workers)", "concurrencyLimit": "\(limit.map(String.init) ?? "not told")"]
        )
    }

    private func pull(
        _ plan: RunPlan,
        _ hosts: HostSet,
        _ puller: BatchPull,
        _ early: EarlyPull,
        _ recorder: DetectionsRecorder,
        _ context: CallContext
    ) async throws {
        let all = Work.all(plan.parameters, hosts)
        let finished = plan.checkpoint.finished
        let done = Set(finished.map(\.number))
        let progress = PullProgress(
            total: all.reduce(0) { $0 + $1.batch.count },
            before: all.reduce(0) { $0 + (done.contains($1.number) ? $1.batch.count : 0) },
            detections: finished.reduce(0) { $0 + $1.detections },
            services.progress
        )
        await early.end(unless: all.first)
        // The kinds are different APIs, which count apart.
        try await forEach(plan.parameters.kinds, workers: plan.parameters.kinds.count) { kind in
            let missing = all.filter { $0.kind == kind && !done.contains($0.number) }
            let workers = plan.parameters.workersOfKind[kind] ?? services.workers
            // Twice as many as may call: while some are stored others are on their way.
            try await forEach(missing, workers: 2 * workers) { work in
                try await pull(work, puller, early, recorder, progress, context)
            }
        }
    }

    /// Pulls one piece of work; a failure that is its own is put down, and the others go on.
    private func pull(
        _ work: Work,
        _ puller: BatchPull,
        _ early: EarlyPull,
        _ recorder: DetectionsRecorder,
        _ progress: PullProgress,
        _ context: CallContext
    ) async throws {
        let outcome = try await services.onePiece(work.name, context) {
            let begun = try await early.result(of: work)
            let (finished, qids) = if let begun { begun } else { try await puller.pull(work, context) }
            try await recorder.finished(finished, qids, context)
            return finished
        }
        switch outcome {
        case .success(let finished):
            progress.step(hosts: work.batch.count, detections: finished.detections, bytes: finished.bytes)
        case .failure(let error):
            context.log.warning("A batch could not be pulled", error: error, metadata: ["batch": "\(work.name)"])
            await recorder.failed(work, describe(error).description)
            progress.step(hosts: work.batch.count, detections: 0, bytes: 0)
        }
    }

    private func pause(
        _ plan: RunPlan,
        _ recorder: DetectionsRecorder,
        because error: any Error,
        _ owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        try await uncancelled { try await recorder.saveCheckpoint(context) }
        try await services.state.end(owner, await recorder.state.json, context)
        let isQualys = [.outage, .limit].contains((error as? QualysError)?.kind)
        return JobAnswer(
            job: .hostDetections,
            run: plan.run,
            status: .continues,
            counts: await counts(recorder),
            reason: isQualys ? describe(error).description : JobAnswer.reasonToContinue
        )
    }

    private func finish(
        _ plan: RunPlan,
        _ recorder: DetectionsRecorder,
        _ owner: String,
        _ work: CallContext,
        _ context: CallContext
    ) async throws -> JobAnswer {
        try await recorder.saveCheckpoint(context)
        let checkpoint = await recorder.checkpoint
        if checkpoint.finished.isEmpty, let first = await recorder.failed.first {
            let reason = "None of \(await recorder.failed.count) batches could be pulled. \(first.id): \(first.reason)"
            throw JobError(failed: .hostDetections, reason: reason)
        }
        let made = try await RunFinish(services: services, parameters: plan.parameters, run: plan.run)
            .make(checkpoint, await recorder.hosts, qids: await recorder.knownQIDs, work)
        let failed = await recorder.failed + made.failed
        let counts = await counts(recorder)
        let manifest = Manifest(
            job: .hostDetections,
            run: plan.run,
            parametersName: "parameters",
            parameters: plan.described,
            counts: counts,
            objects: (checkpoint.lists + checkpoint.finished.flatMap(\.objects)).map(\.stored) + made.objects,
            failed: failed,
            started: plan.started,
            finished: services.clock.now()
        )
        let key = plan.parameters.layout.folder(plan.run) + "manifest.json"
        _ = try await services.output.put(JobObject(key: key), .bytes(manifest.json), context)
        // What the KnowledgeBase says is no part of what was pulled: the next run need not begin from the start for it.
        let isComplete = failed.allSatisfy { $0.id == RunFinish.knowledgeBase }
        let listed = checkpoint.listed.map { Timestamp(milliseconds: $0) }
        await recorder.change {
            plan.close(&$0, isComplete: isComplete, isWhole: failed.isEmpty, listed: listed, owner: owner)
        }
        try await services.state.end(owner, await recorder.state.json, context)
        let answer = JobAnswer(
            job: .hostDetections,
            run: plan.run,
            status: .done,
            counts: counts,
            manifest: services.output.address(key)
        )
        guard failed.isEmpty else { throw JobError(partial: .hostDetections, missing: failed, answer: answer) }
        return answer
    }

    private func counts(_ recorder: DetectionsRecorder) async -> [JobCount] {
        let checkpoint = await recorder.checkpoint
        let finished = checkpoint.finished
        let hosts = await recorder.hosts
        return [
            JobCount("hosts", hosts.count + hosts.portalIDs.count),
            // Of one kind: who pulls assets, too, has the same hosts twice.
            JobCount("answered", finished.reduce(0) { $0 + ($1.kind == checkpoint.kinds.first ? $1.hosts : 0) }),
            JobCount("detections", finished.reduce(0) { $0 + $1.detections }),
            JobCount("batches", finished.count), JobCount("failed", await recorder.failed.count),
            JobCount("megabytes", Int(finished.reduce(0) { $0 + $1.bytes } / 1_000_000)),
        ]
    }
}

extension CallRecord {
    /// A line for who has to tell what was asked, when, and what was answered.
    fileprivate func write(to log: Logger) {
        var fields: Logger.Metadata = [
            "request": "\(number)", "call": "\(call.name)", "parameters": "\(parameters)", "status": "\(status)",
            "seconds": "\(seconds)", "bytes": "\(bytes)",
        ]
        if let error {
            fields["error"] = "\(error.label)"
            fields["message"] = "\(error.message)"
            if let code = error.code { fields["code"] = "\(code)" }
        }
        log.info("Asked Qualys", metadata: fields)
    }
}
