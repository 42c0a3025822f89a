package import Support

/// How an invocation's time is shared out, so that whatever happens there is time left to say so.
///
///     begin                                       scan ends          store ends    deadline
///     |-- read, claim, fetch, QScanner ---------------|-- S3, SNS, tags --|-- failed tag, claim back --|
///                                                      at most 20 s        at most 10 s
///
/// Of a short invocation the two reserves take a sixth and a twelfth.
package struct TimeBudget: Sendable, Equatable {
    /// Until when QScanner may run.
    package let scan: Deadline

    /// Until when the results must be stored and told.
    package let store: Deadline

    /// Until when a failure must be told; a second is kept for the answer itself.
    package let report: Deadline

    package init(deadline: Deadline, now: Timestamp) {
        let remaining = deadline.remaining(at: now)
        let forReport = min(Duration.seconds(10), remaining / 12)
        let forStore = min(Duration.seconds(20), remaining / 6)
        report = deadline.keeping(min(.seconds(1), remaining / 60))
        store = deadline.keeping(forReport)
        scan = deadline.keeping(forReport + forStore)
    }
}
