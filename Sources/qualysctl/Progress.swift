import Glibc
import Jobs
import Telemetry

/// Runs `work` with a line at the foot of the terminal; Ctrl-C cancels it.
func withProgress<Result: Sendable>(
    _ what: String,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await cancelledBySignals { try await showingProgress(what, work) }
}

/// Runs `work` with a line at the foot of the terminal that says what is going on and for how long; there is none
/// elsewhere.
func showingProgress<Result: Sendable>(
    _ what: String,
    _ work: @Sendable () async throws -> Result
) async throws -> Result {
    guard isTerminal else { return try await work() }
    let start = ContinuousClock.now
    let ticker = Task {
        while !Task.isCancelled {
            let seconds = (ContinuousClock.now - start).components.seconds
            let line = progressLine(what, seconds: seconds, columns: terminalColumns())
            LineOutput.standardError.write(Array("\r\u{1B}[K\(line)\r".utf8))
            try await Task.sleep(for: .seconds(1))
        }
    }
    defer {
        ticker.cancel()
        LineOutput.standardError.write(Array("\r\u{1B}[K".utf8))
    }
    return try await work()
}
