package import Logging
import Support
import Synchronization

/// Who is told how far a job is.
package struct JobProgress: Sendable {
    package struct Report: Sendable, Equatable {
        /// What is counted, in the plural: `scans`.
        package var unit: String
        package var done: Int
        /// How many of those were done before this run began.
        package var before: Int
        /// Nil as long as it is not known.
        package var total: Int?
        package var bytes: Int64
        /// Further counts, such as detections.
        package var counts: [JobCount]

        package init(
            unit: String,
            done: Int,
            before: Int = 0,
            total: Int? = nil,
            bytes: Int64 = 0,
            counts: [JobCount] = []
        ) {
            self.unit = unit
            self.done = done
            self.before = before
            self.total = total
            self.bytes = bytes
            self.counts = counts
        }
    }

    /// Called for every step; whoever shows it decides how often.
    package var report: @Sendable (Report) -> Void

    package init(report: @escaping @Sendable (Report) -> Void) {
        self.report = report
    }

    package static let silent = JobProgress { _ in }

    /// A line of the log every ten seconds, with the figures that a bar would show.
    package static func log(_ log: Logger, every interval: Duration = .seconds(10)) -> JobProgress {
        let pace = ReportPace(interval: interval)
        return JobProgress { report in
            guard let elapsed = pace.isDue() else { return }
            let speed = ProgressSpeed(report, elapsed: elapsed)
            var fields: Logger.Metadata = [
                "unit": "\(report.unit)", "done": "\(report.done)", "bytes": "\(report.bytes)",
                "megabytesPerSecond": "\(speed.megabytesPerSecond)",
            ]
            if let total = report.total { fields["total"] = "\(total)" }
            if let left = speed.secondsLeft { fields["secondsLeft"] = "\(left)" }
            for count in report.counts { fields[count.name] = "\(count.value)" }
            log.info("The job is at work", metadata: fields)
        }
    }
}

/// How fast a job is, and how long it will go on if it stays so.
package struct ProgressSpeed: Sendable, Equatable {
    package let perSecond: Double

    /// To one decimal place; a megabyte is a million bytes.
    package let megabytesPerSecond: Double

    /// Nil while it cannot be told.
    package let secondsLeft: Int?

    package init(_ report: JobProgress.Report, elapsed: Duration) {
        let seconds = max(elapsed.inSeconds, 0.001)
        let done = report.done - report.before
        let perSecond = Double(done) / seconds
        self.perSecond = perSecond
        megabytesPerSecond = (Double(report.bytes) / seconds / 100_000).rounded() / 10
        secondsLeft = report.total.flatMap { total in
            done > 0 ? Int((Double(max(0, total - report.done)) / perSecond).rounded(.up)) : nil
        }
    }
}

/// Lets a report through now and then.
package final class ReportPace: Sendable {
    private let interval: Duration
    private let start = ContinuousClock.now
    private let last: Mutex<ContinuousClock.Instant>

    package init(interval: Duration) {
        self.interval = interval
        last = Mutex(start)
    }

    /// - Returns: The time since the start when a report is due, else nil.
    package func isDue() -> Duration? {
        let now = ContinuousClock.now
        return last.withLock { last in
            guard now - last >= interval else { return nil }
            last = now
            return now - start
        }
    }
}
