import Glibc
import Jobs
import Synchronization
import Telemetry

/// A bar at the foot of the terminal: how much is done, how fast, and how long it will take.
final class ProgressBar: Sendable {
    private let title: String
    private let pace = ReportPace(interval: .milliseconds(100))
    private let isShown = Mutex(false)

    init(title: String) {
        self.title = title
    }

    var progress: JobProgress {
        JobProgress { [self] report in
            guard let elapsed = pace.isDue() else { return }
            let line = report.line(title, elapsed: elapsed, columns: terminalColumns())
            isShown.withLock { $0 = true }
            LineOutput.standardError.write(Array("\r\u{1B}[K\(line)\r".utf8))
        }
    }

    func clear() {
        let wasShown = isShown.withLock { shown in
            defer { shown = false }
            return shown
        }
        if wasShown { LineOutput.standardError.write(Array("\r\u{1B}[K".utf8)) }
    }
}
