import Jobs
import Logging
import Support
import Telemetry

/// Remembers while an export is at work, so that one that is killed goes on where it was: what was exported since the
/// last save is exported once more, with the same bytes under the same key.
actor ExportRecorder {
    /// A save is a write of the whole row: not after each of thousands of scans.
    private static let interval = Duration.seconds(5)

    private let store: JobStateStore
    private let owner: String
    private let clock: WallClock
    private var lastSave: Timestamp
    private var isSaving = false
    private(set) var state: ExportState
    private(set) var failed: [JobError.Missing] = []
    private(set) var outside = 0

    private let slot: ExportState.Slot

    init(
        _ state: ExportState,
        _ slot: ExportState.Slot,
        store: JobStateStore,
        owner: String,
        clock: WallClock
    ) {
        self.state = state
        self.slot = slot
        self.store = store
        self.owner = owner
        self.clock = clock
        lastSave = clock.now()
    }

    var objects: [ExportState.ExportedScan] { state[slot]?.objects ?? [] }

    /// - Parameter settles: Whether the scan need not be looked at again by a scheduled run.
    func exported(_ scan: FinishedScan, _ object: StoredObject, settles: Bool, _ context: CallContext) async throws {
        state[slot]?.objects.append(ExportState.ExportedScan(id: scan.id, bytes: object.bytes, sha256: object.sha256))
        if settles { settle(scan) }
        try await saveIfDue(context)
    }

    /// The scan finished before everything that is wanted.
    func passedOver(_ scan: FinishedScan, settles: Bool) {
        outside += 1
        if settles { settle(scan) }
    }

    func failed(_ scan: FinishedScan, _ reason: String) {
        failed.append(JobError.Missing(id: String(scan.id), reason: reason))
    }

    /// Remembers what the state is now.
    func save(_ context: CallContext) async throws {
        lastSave = clock.now()
        try await store.save(owner, state.json, context)
    }

    private func settle(_ scan: FinishedScan) {
        state.settled.insert(scan.id, launched: scan.launched ?? clock.now())
    }

    private func saveIfDue(_ context: CallContext) async throws {
        guard !isSaving, clock.now() - lastSave >= Self.interval else { return }
        isSaving = true
        defer { isSaving = false }
        do {
            try await save(context)
        } catch JobStateError.lost {
            throw JobStateError.lost
        } catch {
            // The scans are exported all the same; the end of the run saves once more, and fails if it cannot.
            context.log.warning("The state of the export could not be saved", error: error)
        }
    }
}
