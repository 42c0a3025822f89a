import Glibc
import Jobs
import Support
import Synchronization
import Telemetry

/// A bar at the foot of the terminal: how much is done, how fast, and how long it will take.
///
///     was-export  [##########..........] 250/500 scans  31.2/s  4.1 MB/s  8 s left
final class ProgressBar: Sendable {
    private static let width = 24

    private let title: String
    private let pace = ReportPace(interval: .milliseconds(100))
    private let isShown = Mutex(false)

    init(title: String) {
        self.title = title
    }

    var progress: JobProgress {
        JobProgress { [self] report in
            guard let elapsed = pace.isDue() else { return }
            let line = Self.line(title, report, elapsed: elapsed)
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

    static func line(_ title: String, _ report: JobProgress.Report, elapsed: Duration) -> String {
        let speed = ProgressSpeed(report, elapsed: elapsed)
        var parts: [String] = []
        if let total = report.total, total > 0 {
            let filled = min(width, width * report.done / total)
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            parts.append("\(title)  [\(bar)] \(report.done)/\(total) \(report.unit)")
        } else {
            parts.append("\(title)  \(report.done) \(report.unit)")
        }
        for count in report.counts { parts.append("\(count.value) \(count.name)") }
        parts.append("\((speed.perSecond * 10).rounded() / 10)/s")
        if report.bytes > 0 { parts.append("\(speed.megabytesPerSecond) MB/s") }
        if let left = speed.secondsLeft { parts.append(left < 120 ? "\(left) s left" : "\(left / 60) min left") }
        return parts.joined(separator: "  ")
    }
}
