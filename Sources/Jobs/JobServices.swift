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
