import Glibc

/// Time as a value: what code that waits or dates things is given, so that a test decides what time it is.
package struct WallClock: Sendable {
    /// The time now.
    package var now: @Sendable () -> Timestamp

    /// Waits; throws `CancellationError` when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Timestamp,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The clock of the machine.
    package static let system = WallClock(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        },
        sleep: { try await Task.sleep(for: $0) }
    )
}
