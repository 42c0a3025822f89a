import Support

/// Which scans belong to a run: a pure function of their times.
///
/// Qualys cannot be asked for scans by the time at which they finished, only by the time at which they were launched. So
/// they are searched for by launch, some days further back, and told by `endScanDate`.
struct ExportWindow: Sendable, Equatable {
    /// Scans are cut by Qualys after a day or so; a week leaves room for those that were processed late.
    static let lookBack = Duration.seconds(7 * 86400)

    /// Finish times; `until` is exclusive.
    let since: Timestamp
    let until: Timestamp

    /// The earliest launch that is searched for.
    var launchedAfter: Timestamp { since - Self.lookBack }

    enum Verdict: Sendable, Equatable {
        case inside
        case outside
        /// Only the scan's end can tell, which the search does not always give.
        case dependsOnEnd
    }

    /// - Parameter ended: When it is known.
    func verdict(launched: Timestamp?, ended: Timestamp?) -> Verdict {
        if let ended { return ended >= since && ended < until ? .inside : .outside }
        // It cannot have finished before it was launched.
        if let launched, launched >= until { return .outside }
        return .dependsOnEnd
    }
}
