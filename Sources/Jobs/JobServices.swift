package import QualysAPI
package import Support

/// What every job is given of the world.
package struct JobServices: Sendable {
    package let qualys: QualysClient
    package let output: JobOutput
    package let state: JobStateStore

    /// A folder of this run's own, which is there and is removed afterwards.
    package let scratch: String

    /// Calls, downloads and uploads that may go on side by side.
    package let workers: Int
    package let clock: WallClock
    package let progress: JobProgress

    package init(
        qualys: QualysClient,
        output: JobOutput,
        state: JobStateStore,
        scratch: String,
        workers: Int,
        clock: WallClock = .system,
        progress: JobProgress = .silent
    ) {
        self.qualys = qualys
        self.output = output
        self.state = state
        self.scratch = scratch
        self.workers = workers
        self.clock = clock
        self.progress = progress
    }
}

/// Who is told how far a job is.
package struct JobProgress: Sendable {
    package struct Report: Sendable, Equatable {
        /// What is counted, in the plural: `scans`.
        package var unit: String
        package var done: Int
        /// Nil as long as it is not known.
        package var total: Int?
        package var bytes: Int64
        /// Further counts, such as detections.
        package var counts: [JobCount]

        package init(unit: String, done: Int, total: Int? = nil, bytes: Int64 = 0, counts: [JobCount] = []) {
            self.unit = unit
            self.done = done
            self.total = total
            self.bytes = bytes
            self.counts = counts
        }
    }

    /// Called for every step; whoever shows it decides how often.
    package var report: @Sendable (Report) -> Void

    package init(report: @escaping @Sendable (Report) -> Void) {
        self.report = report
    }

    package static let silent = JobProgress { _ in }
}
