/// Decides whether and when to try again. Waiting is `retrying`'s work.
package struct RetryPolicy: Sendable {
    /// Attempts in all, the first included.
    package var attempts: Int
    package var backoff: Backoff

    /// The longest wait that a server may ask for; one that asks for more is taken at this.
    package var longestServerWait: Duration

    package init(attempts: Int = 4, backoff: Backoff = Backoff(), longestServerWait: Duration = .seconds(30)) {
        self.attempts = attempts
        self.backoff = backoff
        self.longestServerWait = longestServerWait
    }

    /// What is known of a failed attempt.
    package enum Verdict: Sendable, Equatable {
        /// Another attempt may succeed; after `serverWait` at the earliest, when the server named one.
        case retryable(serverWait: Duration?)
        /// Another attempt would fail as well.
        case final
    }

    /// The pause before the next attempt, or nil to give up: the failure is final, the attempts are used up, or the
    /// pause would end after the deadline.
    package func pause(
        after verdict: Verdict,
        attempt: Int,
        remaining: Duration,
        random: Double
    ) -> Duration? {
        guard case .retryable(let serverWait) = verdict, attempt < attempts else { return nil }
        var pause = backoff.pause(afterAttempt: attempt, random: random)
        if let serverWait {
            pause = max(pause, min(serverWait, longestServerWait))
        }
        return pause < remaining ? pause : nil
    }
}

/// Runs `attempt` until it succeeds, `policy` gives up or `deadline` passes; throws the last failure.
///
/// - Parameters:
///   - verdict: Whether a failure may pass.
///   - attempt: The work, given the number of the attempt (the first is 1).
package func retrying<Result: Sendable, Fault: Error>(
    _ policy: RetryPolicy,
    until deadline: Deadline,
    clock: WallClock,
    random: @Sendable () -> Double,
    verdict: (Fault) -> RetryPolicy.Verdict,
    attempt: (Int) async throws(Fault) -> Result
) async throws(Fault) -> Result {
    var number = 1
    while true {
        do {
            return try await attempt(number)
        } catch {
            let remaining = deadline.remaining(at: clock.now())
            guard
                !Task.isCancelled,
                let pause = policy.pause(
                    after: verdict(error),
                    attempt: number,
                    remaining: remaining,
                    random: random()
                ),
                // A cancelled sleep ends the retries with the failure that led to it.
                (try? await clock.sleep(pause)) != nil
            else { throw error }
            number += 1
        }
    }
}
