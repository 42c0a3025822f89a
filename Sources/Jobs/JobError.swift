import Support

/// A job that did not bring all that it was asked for.
package struct JobError: Failure {
    package enum Outcome: Sendable, Equatable {
        /// The rest is there, and its manifest says what is missing: the next run asks for just that.
        case partial
        case failed
    }

    package struct Missing: Sendable, Equatable {
        package let id: String
        package let reason: String

        package init(id: String, reason: String) {
            self.id = id
            self.reason = reason
        }
    }

    package let job: JobName
    package let outcome: Outcome
    package let reason: String
    package let missing: [Missing]

    /// What the job would have answered, for who wants the counts of a partial run.
    package let answer: JobAnswer?

    /// Some of it is missing.
    package init(partial job: JobName, missing: [Missing], answer: JobAnswer) {
        self.job = job
        outcome = .partial
        let shown = missing.prefix(10).map { "\($0.id) (\($0.reason))" }.joined(separator: "; ")
        reason = "\(missing.count) missing: \(shown)" + (missing.count > 10 ? "; and more, in the manifest" : "")
        self.missing = missing
        var answer = answer
        if answer.status == .done { answer.status = .partial }
        self.answer = answer
    }

    /// None of it could be done.
    package init(failed job: JobName, because error: any Error) {
        self.job = job
        outcome = .failed
        reason = describe(error).description
        missing = []
        answer = nil
    }

    package init(failed job: JobName, reason: String) {
        self.job = job
        outcome = .failed
        self.reason = reason
        missing = []
        answer = nil
    }

    package var label: String { outcome == .partial ? "Job.Partial" : "Job.Failed" }

    package var description: String {
        switch outcome {
        case .partial: "The job \(job.rawValue) is done in part. \(reason)"
        case .failed: "The job \(job.rawValue) failed. \(reason)"
        }
    }
}
