import Jobs
import Support

/// What a run does: worked out from what was asked for, the last snapshot, and a run that was not finished.
struct SnapshotPlan: Sendable {
    /// What changed so shortly before the last snapshot may not have been told by then.
    static let overlap = Duration.seconds(3600)

    let state: SnapshotState
    let files: SnapshotFiles

    /// The snapshot that changes are written into.
    let base: LatestSnapshot?

    /// Whether a run that was not finished goes on.
    let isContinued: Bool

    /// What the answer says of it beside its counts.
    let note: String?

    var name: String { state.started.basicISO8601 }

    /// - Parameter saved: What a run before this one left.
    init(
        _ parameters: WASSnapshotParameters,
        saved: SnapshotState?,
        latest: LatestSnapshot?,
        owner: String,
        at now: Timestamp
    ) {
        let request = parameters.text
        let base = parameters.asksForChanges ? latest : nil
        note =
            parameters.asksForChanges && latest == nil
            ? "There is no snapshot yet that changes could be written into: everything was read." : nil
        self.base = base
        if let saved, saved.isGoneOnWith(request, owner: owner, at: now), saved.base == base?.run {
            state = saved
            isContinued = true
        } else {
            state = SnapshotState(
                request: request,
                started: now,
                since: base.map { parameters.begin(after: $0) },
                base: base?.run
            )
            isContinued = false
        }
        files = SnapshotFiles(run: state.started, since: state.since, published: state.published)
    }

    /// For the manifest, as text.
    var described: [(name: String, value: String)] {
        guard let since = state.since, let base else { return [(name: "full", value: "true")] }
        return [(name: "since", value: since.iso8601), (name: "base", value: base.run)]
    }
}

extension WASSnapshotParameters {
    /// Never after the last snapshot, or what changed in between would be in none.
    fileprivate func begin(after base: LatestSnapshot) -> Timestamp {
        let last = base.started - SnapshotPlan.overlap
        guard case .time(let time) = since else { return last }
        return min(time, last)
    }

    /// Tells one request from another.
    fileprivate var text: String {
        let since: String? =
            switch isFull ? nil : since {
            case nil: nil
            case .last: "last"
            case .time(let time): time.iso8601
            }
        return "since=\(since ?? "") csv=\(writesCSV)"
    }
}
