import Jobs
import Logging
import Support
import Telemetry

/// Remembers while a snapshot is at work: what is stored, what is missing, and how far the run is.
actor SnapshotRecorder {
    /// A save is a write of the whole row.
    private static let interval = Duration.seconds(5)

    private let services: JobServices
    private let owner: String
    private(set) var state: SnapshotState
    private(set) var objects: [StoredObject] = []
    private(set) var missing: [JobError.Missing] = []

    /// Web applications that were listed and then were not there any more.
    private(set) var gone = 0
    private var report: JobProgress.Report
    private var findings = 0
    private var catalogRows = 0
    private var lastSave: Timestamp
    private var isSaving = false

    init(_ state: SnapshotState, services: JobServices, owner: String) {
        self.state = state
        self.services = services
        self.owner = owner
        lastSave = services.clock.now()
        report = JobProgress.Report(unit: "applications", done: 0)
    }

    func stored(_ object: StoredObject) {
        objects.append(object)
        report.bytes += object.bytes
    }

    /// - Parameter page: Is stored; the next page begins after `next`.
    func listed(_ page: SnapshotPage, next: Int64?, _ context: CallContext) async throws {
        stored(page.object)
        move(\.listing, to: next)
        try await saveIfDue(context)
    }

    func catalogued(_ page: SnapshotPage, rows: Int, next: Int64?, _ context: CallContext) async throws {
        stored(page.object)
        catalogRows += rows
        move(\.catalog, to: next)
        show()
        try await saveIfDue(context)
    }

    func loaded(_ application: ListedApplication, _ pages: [SnapshotPage], rows: Int, _ context: CallContext)
        async throws
    {
        for page in pages { stored(page.object) }
        findings += rows
        if application.place >= 0, !state.done.contains(application.place) {
            state.done.insert(application.place)
            state.progressed = services.clock.now()
        }
        step()
        try await saveIfDue(context)
    }

    func gone(_ application: ListedApplication) {
        gone += 1
        step()
    }

    /// It need not be read.
    func unchanged() { step() }

    func failed(_ application: ListedApplication, _ reason: String) {
        missing.append(JobError.Missing(id: application.name, reason: reason))
        step()
    }

    /// The descriptions of some QIDs are missing.
    func failed(_ qids: [Int64], _ reason: String) {
        let id = "knowledge base \(IDRanges(qids))"
        missing.append(JobError.Missing(id: id, reason: reason))
    }

    /// What the last page of a chain said that is taken back from the output.
    func restored(_ page: SnapshotPage, rows: Int = 0) {
        stored(page.object)
        catalogRows += rows
    }

    /// What was read so far.
    var counts: [JobCount] {
        [
            JobCount("web_applications", state.done.count), JobCount("findings", findings),
            JobCount("catalog", catalogRows), JobCount("gone", gone), JobCount("failed", missing.count),
        ]
    }

    /// Of what is missing, the web applications.
    var missingApplications: [JobError.Missing] { missing.filter { ListedApplication.id(of: $0) != nil } }

    func expect(_ total: Int) { report.total = total }

    func save(_ context: CallContext) async throws {
        lastSave = services.clock.now()
        try await services.state.save(owner, state.json, context)
    }

    /// What is left to the next run.
    func lastState() -> [UInt8] { state.json }

    /// What is left to the retry of a run that was published in part.
    func lastState(publishedFor owner: String) -> [UInt8] {
        state.partialOwner = owner
        state.published += 1
        return state.json
    }

    private func move(_ cursor: WritableKeyPath<SnapshotState, SnapshotState.Cursor>, to next: Int64?) {
        state[keyPath: cursor].pages += 1
        if let next { state[keyPath: cursor].after = next } else { state[keyPath: cursor].isAtEnd = true }
        state.progressed = services.clock.now()
    }

    private func step() {
        report.done += 1
        show()
    }

    private func show() {
        report.counts = [JobCount("findings", findings), JobCount("catalog", catalogRows)]
        services.progress.report(report)
    }

    private func saveIfDue(_ context: CallContext) async throws {
        guard !isSaving, services.clock.now() - lastSave >= Self.interval else { return }
        isSaving = true
        defer { isSaving = false }
        do {
            try await save(context)
        } catch JobStateError.lost {
            throw JobStateError.lost
        } catch {
            // The pages are stored all the same; the end of the run saves once more, and fails if it cannot.
            context.log.warning("The state of the snapshot could not be saved", error: error)
        }
    }
}
