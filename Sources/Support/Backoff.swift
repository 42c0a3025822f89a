/// The pause before another attempt: exponential with full jitter and a ceiling.
///
/// A pause is a random part of `base * 2^attempt`, at most of `ceiling`, so that many clients that failed together do
/// not come back together (the AWS Builders' Library, "Timeouts, retries, and backoff with jitter"). With the default:
///
///     after attempt   1        2        3        ...   9 and later
///     pause           0-100    0-200    0-400    ...   0-20000 ms
package struct Backoff: Sendable {
    package var base: Duration
    package var ceiling: Duration

    package init(base: Duration = .milliseconds(100), ceiling: Duration = .seconds(20)) {
        self.base = base
        self.ceiling = ceiling
    }

    /// The pause after failed attempt number `attempt` (the first is 1), with `random` in `0..<1`.
    package func pause(afterAttempt attempt: Int, random: Double) -> Duration {
        // The ceiling comes before the power can overflow.
        let doublings = min(max(attempt - 1, 0), 30)
        let longest = min(ceiling, base * (1 << doublings))
        return longest * random
    }
}
