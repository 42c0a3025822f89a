package import Jobs
package import Support

/// What a snapshot is asked for.
package struct WASSnapshotParameters: Sendable, Equatable {
    package enum Since: Sendable, Equatable {
        /// Since the last snapshot.
        case last
        case time(Timestamp)
    }

    /// Only what changed since then is read, into the last snapshot. Nil: everything is read.
    package var since: Since?

    /// Everything, whatever `since` says.
    package var isFull: Bool

    /// The tables as CSV, too.
    package var writesCSV: Bool

    /// Tells how much there is and reads nothing.
    package var isDry: Bool

    package init(since: Since? = nil, isFull: Bool = false, writesCSV: Bool = false, isDry: Bool = false) {
        self.since = since
        self.isFull = isFull
        self.writesCSV = writesCSV
        self.isDry = isDry
    }

    package init(_ parameters: JobParameters) throws(JobParameterError) {
        var parameters = parameters
        var rest = parameters
        if try rest.isWord("last", "since") {
            _ = try parameters.text("since")
            since = .last
        } else {
            since = try parameters.time("since").map { .time($0) }
        }
        isFull = try parameters.truth("full") ?? false
        writesCSV = try parameters.truth("csv") ?? false
        isDry = false
        try parameters.finish()
    }

    /// Whether only changes are asked for.
    var asksForChanges: Bool { since != nil && !isFull }
}

extension JobParameters {
    /// Whether a parameter is that word; takes it.
    fileprivate mutating func isWord(_ word: String, _ name: String) throws(JobParameterError) -> Bool {
        try text(name) == word
    }
}
