import Compression
import Files
import Glibc
import Hashing
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

/// What a run does: worked out from what was asked for and what the runs before left.
struct RunPlan: Sendable {
    let parameters: HostDetectionsParameters
    let started: Timestamp
    let processedAfter: Timestamp

    /// How far it is already.
    let checkpoint: Checkpoint

    /// Of the hosts that are asked for, whatever the form of the output.
    private let request: String

    /// By which a run goes on that was not named; nil for one that was, which is found by its name.
    private let shape: String?

    /// Whether its end is where the next run of this request begins.
    private let movesOn: Bool

    var run: String { started.basicISO8601 }

    /// Begins a run in the state, or goes on with one.
    init(
        _ asked: HostDetectionsParameters,
        _ state: inout DetectionsState,
        at now: Timestamp,
        owner: String,
        _ services: JobServices,
        _ context: CallContext
    ) async throws {
        let signIn = try await services.qualys.account(context)
        let account = digest("\(signIn.username.exposed) \(signIn.apiURL)")
        let shape = asked.retryRun == nil ? digest("\(account) \(asked.shape)") : nil
        var before = shape.flatMap { state.unfinished[$0] }.flatMap { $0.owner == nil || $0.owner == owner ? $0 : nil }
        if let run = before, now - Timestamp(milliseconds: run.touched) >= Self.longestRest {
            context.log.notice("A run has rested for too long: another one begins", metadata: ["run": "\(run.name)"])
            before = nil
        }
        var known: Checkpoint?
        if let name = asked.retryRun ?? before?.name {
            do {
                known = try await Self.checkpoint(name, asked.layout, services, context)
            } catch let error where asked.retryRun == nil && isUnreadable(error) {
                // Such as for a role that may not read. What the run has stays as it is.
                context.log.warning(
                    "How far a run was cannot be read: another one begins",
                    error: error,
                    metadata: ["run": "\(name)"]
                )
                before = nil
            }
            if known == nil, asked.retryRun != nil {
                throw JobError(failed: .hostDetections, reason: "There is no run \(name) in \(services.output.base).")
            }
        }
        if let known, known.account != account {
            throw JobError(
                failed: .hostDetections,
                reason: "The run \(asked.retryRun ?? "") in \(services.output.base) is of another Qualys account."
            )
        }
        let parameters = known?.parameters ?? asked
        self.shape = shape
        request = digest("\(account) \(parameters.request)")
        let last = state.lastComplete(request)
        if let known {
            started = Timestamp(milliseconds: known.started)
            processedAfter = Timestamp(milliseconds: known.processedAfter)
        } else {
            started = before.map { Timestamp(milliseconds: $0.started) } ?? state.beginning(at: now)
            processedAfter =
                before.map { Timestamp(milliseconds: $0.processedAfter) } ?? asked.processedAfter
                ?? last.map { $0 - HostDetections.overlap } ?? HostDetectionsParameters.beginning
        }
        var kept = parameters
        kept.workers = asked.workers
        kept.workersOfKind = asked.workersOfKind
        self.parameters = kept
        checkpoint =
            known ?? Checkpoint(parameters, account: account, started: started, processedAfter: processedAfter)
        // Hosts that were processed before the last complete run's beginning are known from it; with nothing known, only a
        // run of everything knows them.
        movesOn =
            processedAfter <= (last ?? HostDetectionsParameters.beginning)
            && !parameters.filters.contains { $0.name == "ids" }
        if let shape {
            state.began(DetectionsState.Run(started: started, processedAfter: processedAfter, touched: now), shape)
        }
        if known != nil || before != nil {
            context.log.notice(
                "Goes on with a run",
                metadata: [
                    "run": "\(run)", "hostsListed": "\(checkpoint.isListed)",
                    "batchesDone": "\(checkpoint.finished.count)",
                ]
            )
        }
    }

    /// A run on which nobody was at work for so long is not gone on with: its hosts are those of long ago. A schedule of a week
    /// still goes on.
    private static let longestRest = Duration.seconds(8 * 86400)

    private static func checkpoint(
        _ run: String,
        _ layout: OutputLayout,
        _ services: JobServices,
        _ context: CallContext
    ) async throws -> Checkpoint? {
        let key = Checkpoint.key(run, layout)
        let path = "\(services.scratch)/checkpoint-\(uniqueName())"
        defer { unlink(path) }
        guard try await services.output.get(key, path, context) else { return nil }
        var bytes: [UInt8] = []
        let gzip = GzipReader(limit: 1 << 28)
        try forEachPiece(ofFile: path) { try gzip.read($0) { bytes.append(contentsOf: $0) } }
        try gzip.finish()
        return try Checkpoint(json: bytes, place: services.output.address(key))
    }

    /// Ends the run in the state.
    ///
    /// - Parameters:
    ///   - isComplete: Whether all was pulled.
    ///   - isWhole: Whether all was made of it, too; else the retry of the event goes on with it.
    ///   - listed: When Qualys listed the hosts, by its own clock: ours may be ahead of it.
    func close(
        _ state: inout DetectionsState,
        isComplete: Bool,
        isWhole: Bool = true,
        listed: Timestamp? = nil,
        owner: String
    ) {
        state.done = ""
        if isComplete, movesOn { state.completed(request, listed.map { min($0, started) } ?? started) }
        if isComplete, isWhole {
            state.done(started)
        } else if let shape {
            state.ended(shape, owner: owner)
        }
    }

    /// For the manifest, as text.
    var described: [(name: String, value: String)] {
        var described: [(name: String, value: String)] = [
            (name: "processed_after", value: processedAfter.iso8601),
            (name: "batch_size", value: String(parameters.batchSize)),
            (name: "status", value: parameters.statuses.joined(separator: ",")),
            (name: "rows", value: parameters.rows.map(\.rawValue).joined(separator: ",")),
        ]
        if parameters.byAddress { described.append((name: "by_ip", value: "true")) }
        if parameters.knowledgeBase { described.append((name: "knowledge_base", value: "true")) }
        if parameters.kinds != [.detections] {
            described.append((name: "pulled", value: parameters.kinds.map(\.rawValue).joined(separator: ",")))
        }
        for filter in parameters.filters { described.append((name: filter.name, value: filter.value)) }
        return described
    }
}

/// Whether it is what stands there, or the right to read it: another time it will be the same.
private func isUnreadable(_ error: any Error) -> Bool {
    error is JobStateError || error is GzipFault || JobOutput.isRefusal(error)
}

private func digest(_ text: String) -> String { String(hexText(SHA256.digest(text.utf8)).prefix(32)) }
