import Support

/// A scan that brought no result.
package struct QScannerError: Failure {
    package enum Reason: Sendable, Hashable {
        /// No executable file at the configured path.
        case notRunnable
        /// The executable is there, but the system did not start it.
        case notStarted
        /// The scan's folders could not be made.
        case scratch
        case timedOut
        case cancelled
        /// QScanner said so itself, with its exit code.
        case failed(exitCode: Int32)
        /// A signal ended it that was not ours.
        case killed(signal: Int32)
        /// It said success and left no result, or several.
        case noResult
        /// A result file that is not what it should be.
        case brokenResult
    }

    package let reason: Reason
    package let label: String
    package let description: String

    /// What QScanner printed last, for the log: scrubbed, one line, at most 2 KiB.
    package var excerpt = ""

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
        label =
            switch reason {
            case .notRunnable: "QScanner.NotRunnable"
            case .notStarted: "QScanner.NotStarted"
            case .scratch: "QScanner.Scratch"
            case .timedOut: "QScanner.TimedOut"
            case .cancelled: "QScanner.Cancelled"
            case .noResult: "QScanner.NoResult"
            case .brokenResult: "QScanner.BrokenResult"
            case .failed(let code): ExitMeaning(exitCode: code).label
            case .killed(let signal): ExitMeaning(signal: signal).label
            }
    }
}
