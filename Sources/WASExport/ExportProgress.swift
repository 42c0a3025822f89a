import Jobs
import Synchronization

/// Counts on while scans are exported side by side.
final class ExportProgress: Sendable {
    private let report: Mutex<JobProgress.Report>
    private let progress: JobProgress

    init(total: Int, _ progress: JobProgress) {
        report = Mutex(JobProgress.Report(unit: "scans", done: 0, total: total))
        self.progress = progress
    }

    func step(_ bytes: Int64) {
        let now = report.withLock { report in
            report.done += 1
            report.bytes += bytes
            return report
        }
        progress.report(now)
    }
}
