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

    /// Whether another try may succeed.
    package let mayPass: Bool

    /// What QScanner printed last, for the log: scrubbed, one line, at most 2 KiB.
    package var excerpt = ""

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
        switch reason {
        case .notRunnable: (label, mayPass) = ("QScanner.NotRunnable", false)
        case .notStarted: (label, mayPass) = ("QScanner.NotStarted", true)
        case .scratch: (label, mayPass) = ("QScanner.Scratch", true)
        case .timedOut: (label, mayPass) = ("QScanner.TimedOut", true)
        case .cancelled: (label, mayPass) = ("QScanner.Cancelled", true)
        case .noResult: (label, mayPass) = ("QScanner.NoResult", true)
        case .brokenResult: (label, mayPass) = ("QScanner.BrokenResult", true)
        case .failed(let code):
            let meaning = ExitMeaning(exitCode: code)
            (label, mayPass) = (meaning.label, meaning.mayPass)
        case .killed(let signal): (label, mayPass) = (ExitMeaning(signal: signal).label, true)
        }
    }
}
