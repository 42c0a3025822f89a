import Jobs
import Synchronization

/// Counts on while batches are pulled side by side.
final class PullProgress: Sendable {
    private let report: Mutex<JobProgress.Report>
    private let progress: JobProgress

    /// - Parameters:
    ///   - before: Hosts that the run had done before it was interrupted.
    ///   - detections: Of those.
    init(total: Int, before: Int, detections: Int, _ progress: JobProgress) {
        let counts = [JobCount("detections", detections)]
        report = Mutex(JobProgress.Report(unit: "hosts", done: before, before: before, total: total, counts: counts))
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
