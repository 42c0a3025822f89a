import Compression
import Jobs
import Logging
import Support
import Telemetry

/// Remembers while a pull is at work, so that one that is killed goes on where it was: what was pulled since the last save
/// is pulled once more, into the same objects.
actor DetectionsRecorder {
    /// A save is two writes of all that is remembered: not after each of thousands of batches.
    private static let interval = Duration.seconds(5)

    private let services: JobServices
    private let owner: String
    private let layout: OutputLayout
    private let run: String
    private var lastSave: Timestamp
    private var isSaving = false
    private(set) var state: DetectionsState
    private(set) var checkpoint: Checkpoint

    private(set) var hosts: HostSet
    private var isListed: Bool
    private(set) var failed: [JobError.Missing] = []
    private var qids: Set<Int64>

    init(
        _ state: DetectionsState,
        _ checkpoint: Checkpoint,
        run: String,
        layout: OutputLayout,
        services: JobServices,
        owner: String
    ) {
        self.state = state
        self.checkpoint = checkpoint
        hosts = checkpoint.hostSet
        isListed = checkpoint.isListed
        self.run = run
        self.layout = layout
        self.services = services
        self.owner = owner
        qids = []
        for range in (IDRanges(checkpoint.qids) ?? IDRanges()).ranges { qids.formUnion(range) }
        lastSave = services.clock.now()
    }

    var knownQIDs: [Int64] { qids.sorted() }

    func setHosts(_ found: HostListing.Found) {
        hosts = found.hosts
        isListed = true
        checkpoint.lists = found.lists
        checkpoint.listed = found.listed?.milliseconds
    }

    func finished(_ work: FinishedWork, _ found: Set<Int64>, _ context: CallContext) async throws {
        checkpoint.finished.append(work)
        qids.formUnion(found)
        try await saveIfDue(context)
    }

    func failed(_ work: Work, _ reason: String) {
        failed.append(JobError.Missing(id: work.name, reason: reason))
    }

    func change(_ body: @Sendable (inout DetectionsState) -> Void) {
        body(&state)
    }

    /// The checkpoint first: the state never promises what is not there.
    func save(_ context: CallContext) async throws {
        isSaving = true
        defer { isSaving = false }
        try await saveCheckpoint(context)
        try await services.state.save(owner, state.json, context)
    }

    /// At the end of the run, with which the state is saved.
    func saveCheckpoint(_ context: CallContext) async throws {
        lastSave = services.clock.now()
        state.touched(checkpoint.started, at: lastSave)
        // As text, which takes a while for many.
        if isListed, !checkpoint.isListed { checkpoint.hostSet = hosts }
        checkpoint.qids = IDRanges(qids).description
        checkpoint.finished.sort { $0.number < $1.number }
        let done = IDRanges(checkpoint.finished.map { Int64($0.number) }).description
        _ = try await services.output.put(
            JobObject(key: Checkpoint.key(run, layout), contentType: "application/gzip"),
            .bytes(GzipWriter.compress(checkpoint.json)),
            context
        )
        state.done = done
    }

    private func saveIfDue(_ context: CallContext) async throws {
        guard !isSaving, services.clock.now() - lastSave >= Self.interval else { return }
        do {
            try await save(context)
        } catch JobStateError.lost {
            throw JobStateError.lost
        } catch {
            // The batches are there all the same; the end of the run saves once more, and fails if it cannot.
            context.log.warning("The state of the pull could not be saved", error: error)
        }
    }
}
