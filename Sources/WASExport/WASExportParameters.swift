package import Jobs
package import Support

/// What an export is asked for.
package struct WASExportParameters: Sendable, Equatable {
    /// Scans that may be named at once: the state has them in its row.
    private static let mostIDs = 5000

    /// Finish times, `until` exclusive. Nil: from where the last run ended, and until now.
    package var since: Timestamp?
    package var until: Timestamp?

    /// Just these scans, whenever they finished.
    package var ids: [Int64]

    /// Tells what would be exported and exports nothing.
    package var isDry: Bool

    package init(since: Timestamp? = nil, until: Timestamp? = nil, ids: [Int64] = [], isDry: Bool = false) {
        self.since = since
        self.until = until
        self.ids = ids
        self.isDry = isDry
    }

    package init(_ parameters: JobParameters) throws(JobParameterError) {
        var parameters = parameters
        since = try parameters.time("since")
        until = try parameters.time("until")
        ids = []
        for text in try parameters.list("ids") {
            guard let id = Int64(text), id > 0 else {
                throw JobParameterError(name: "ids", expected: "a list of scan ids, which are whole numbers")
            }
            ids.append(id)
        }
        guard ids.count <= Self.mostIDs else {
            throw JobParameterError(name: "ids", expected: "a list of at most \(Self.mostIDs) ids")
        }
        isDry = false
        try parameters.finish()
        if let since, let until, since >= until {
            throw JobParameterError(name: "until", expected: "after since")
        }
        if !ids.isEmpty, since != nil || until != nil {
            throw JobParameterError(
                name: "ids",
                expected: "given without since and until: scans are named or found by time"
            )
        }
    }

    /// Whether this is the scheduled way: on from where the last run ended.
    var followsCursor: Bool { since == nil && until == nil && ids.isEmpty }
}
