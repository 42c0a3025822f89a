import Jobs
import Synchronization

/// Counts on while batches are pulled side by side.
final class PullProgress: Sendable {
    private let report: Mutex<JobProgress.Report>
    private let progress: JobProgress

    init(total: Int, _ progress: JobProgress) {
        report = Mutex(JobProgress.Report(unit: "hosts", done: 0, total: total, counts: [JobCount("detections", 0)]))
        self.progress = progress
    }

    /// - Parameters:
    ///   - hosts: That were asked for: some have no detections and are in no answer.
    func step(hosts: Int, detections: Int, bytes: Int64) {
        let now = report.withLock { report in
            report.done += hosts
            report.bytes += bytes
            report.counts = [JobCount("detections", (report.counts.first?.value ?? 0) + detections)]
            return report
        }
        progress.report(now)
    }
}
