import Jobs
import Support

/// What a run does: worked out from what was asked for and what the last run left.
struct ExportPlan: Sendable {
    /// Which finish times are exported.
    let window: ExportWindow

    /// Where the search begins, and where it ends: nil where that is now.
    let launchedAfter: Timestamp
    let launchedBefore: Timestamp?
    let ids: [Int64]
    let followsCursor: Bool
    let started: Timestamp

    /// For the manifest, as text.
    let described: [(name: String, value: String)]

    /// Where the state has this run.
    let slot: ExportState.Slot

    /// Scans with greater ids are this part's; those up to it stand in the manifests of earlier parts.
    let after: Int64

    var name: String { started.basicISO8601 }

    /// Begins a run in the state, or goes on with the one that was not finished.
    init(_ parameters: WASExportParameters, _ state: inout ExportState, at now: Timestamp) {
        ids = Set(parameters.ids).sorted()
        // It takes the room of the scheduled run.
        if let asked = state[.asked], now - asked.started >= ExportWindow.lookBack { state[.asked] = nil }
        // A run is named by the second in which it began.
        let start = max(now, state.lastStart.map { $0 + .seconds(1) } ?? now)
        followsCursor = parameters.followsCursor
        if parameters.followsCursor {
            let origin = min(state.origin ?? now.startOfDay, now.startOfDay)
            state.origin = origin
            // A clock that was ahead for one run must not hide what finishes until that future has come.
            let since = min(state[.scheduled]?.since ?? state.cursor ?? origin, now)
            // A run that goes on goes up to now, too.
            let open = ExportState.OpenRun(
                started: state[.scheduled]?.started ?? start,
                since: since,
                until: now,
                objects: state[.scheduled]?.objects ?? [],
                after: state[.scheduled]?.after ?? 0
            )
            state[.scheduled] = open
            slot = .scheduled
            after = open.after
            started = open.started
            // Scans that Qualys was still processing when the last run came ended before its end: whatever finished since
            // the origin and is not settled belongs to this run.
            window = ExportWindow(since: origin, until: now)
            launchedAfter = since - ExportWindow.lookBack
            launchedBefore = nil
            described = [(name: "since", value: since.iso8601), (name: "until", value: now.iso8601)]
        } else {
            let since = parameters.since ?? state.cursor ?? now.startOfDay
            let until = parameters.until ?? now
            var open = ExportState.OpenRun(started: start, since: since, until: until, request: parameters.text)
            if let last = state[.asked], last.request == open.request {
                // Without an end of its own it goes up to now, too.
                open = last
                open.until = until
            }
            state[.asked] = open
            slot = .asked
            after = open.after
            started = open.started
            window = ExportWindow(since: open.since, until: open.until)
            launchedAfter = window.launchedAfter
            launchedBefore = parameters.until
            described =
                ids.isEmpty
                ? [(name: "since", value: open.since.iso8601), (name: "until", value: open.until.iso8601)]
                : [(name: "ids", value: IDRanges(ids).description)]
        }
        state.lastStart = max(started, state.lastStart ?? started)
    }

    /// The scans that this run has exported already.
    func done(_ state: ExportState) -> [Int64] {
        (state[slot]?.objects ?? []).map(\.id)
    }

    /// The scans that an earlier part or run could not export, and that no search or list of this one has.
    func missing(_ state: ExportState) -> [Int64] {
        followsCursor ? state.missing.ids.filter { $0 > after } : state[slot]?.missing ?? []
    }

    /// Remembers what a scheduled run could not export, so that the next one asks for it, for a week: a scan that is gone for
    /// good must not fail every run for ever.
    func remember(failed: [Int64], upTo last: Int64?, _ state: inout ExportState, at now: Timestamp) {
        guard followsCursor else { return }
        var missing = ScansByDay()
        // What another part of the run has asked for, or will.
        let others = state.missing.ids.filter { $0 <= after || $0 > last ?? .max }
        for id in failed + others { missing.insert(id, day: state.missing.day(of: id) ?? now.day) }
        missing.forget(before: now - ExportWindow.lookBack)
        state.missing = missing
    }

    /// Ends a part of the run in the state, the scans up to an id; what is beyond is the next part's, under a name of its own.
    ///
    /// - Parameter missing: What this part could not export. Of a scheduled run the state remembers it, of another the next part.
    func close(upTo last: Int64, missing: [Int64], _ state: inout ExportState, at now: Timestamp) {
        guard let open = state[slot] else { return }
        let start = max(now, started + .seconds(1))
        state[slot] = ExportState.OpenRun(
            started: start,
            since: open.since,
            until: open.until,
            objects: open.objects.filter { $0.id > last },
            request: open.request,
            // Further back when all of it was missing before.
            after: max(last, after),
            missing: followsCursor ? [] : missing + open.missing.filter { $0 > last }
        )
        state.lastStart = max(start, state.lastStart ?? start)
    }

    /// Ends the run in the state.
    func close(_ state: inout ExportState) {
        state[slot] = nil
        guard followsCursor else { return }
        state.cursor = window.until
        state.settled.forget(before: window.until - ExportWindow.lookBack - .seconds(86400))
    }
}

extension WASExportParameters {
    /// Tells one request from another.
    fileprivate var text: String {
        "since=\(since?.iso8601 ?? "") until=\(until?.iso8601 ?? "") ids=\(ids)"
    }
}

extension Timestamp {
    var startOfDay: Timestamp { Timestamp(seconds: seconds - ((seconds % 86400) + 86400) % 86400) }
}
