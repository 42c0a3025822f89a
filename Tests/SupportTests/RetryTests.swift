import Support
import Synchronization
import Testing

@Suite struct BackoffTests {
    @Test(arguments: [
        (0, 100), (1, 100), (2, 200), (3, 400), (4, 800), (8, 12_800), (9, 20_000), (10, 20_000), (Int.max, 20_000),
    ])
    func `The longest pause doubles up to the ceiling`(attempt: Int, milliseconds: Int) {
        let backoff = Backoff()
        #expect(backoff.pause(afterAttempt: attempt, random: 1) == .milliseconds(milliseconds))
        #expect(backoff.pause(afterAttempt: attempt, random: 0.5) == .milliseconds(milliseconds / 2))
        #expect(backoff.pause(afterAttempt: attempt, random: 0) == .zero)
    }

    @Test func `A large base does not overflow`() {
        let backoff = Backoff(base: .seconds(3600), ceiling: .seconds(7200))
        #expect(backoff.pause(afterAttempt: 40, random: 1) == .seconds(7200))
    }
}

@Suite struct RetryPolicyTests {
    let policy = RetryPolicy(attempts: 3, backoff: Backoff(base: .seconds(1)), longestServerWait: .seconds(30))

    func pause(
        _ verdict: RetryPolicy.Verdict,
        attempt: Int = 1,
        remaining: Duration = .seconds(100)
    ) -> Duration? {
        policy.pause(after: verdict, attempt: attempt, remaining: remaining, random: 0.5)
    }

    @Test func `A failure that may pass is tried again until the attempts are used up`() {
        #expect(pause(.retryable(serverWait: nil), attempt: 1) == .milliseconds(500))
        #expect(pause(.retryable(serverWait: nil), attempt: 2) == .seconds(1))
        #expect(pause(.retryable(serverWait: nil), attempt: 3) == nil)
    }

    @Test func `A final failure is not tried again`() {
        #expect(pause(.final) == nil)
    }

    @Test func `The server's wait counts, up to a ceiling, and never shortens the pause`() {
        #expect(pause(.retryable(serverWait: .seconds(7))) == .seconds(7))
        #expect(pause(.retryable(serverWait: .seconds(3600))) == .seconds(30))
        #expect(pause(.retryable(serverWait: .zero)) == .milliseconds(500))
    }

    @Test func `No pause goes beyond the deadline`() {
        #expect(pause(.retryable(serverWait: nil), remaining: .milliseconds(500)) == nil)
        #expect(pause(.retryable(serverWait: nil), remaining: .milliseconds(501)) == .milliseconds(500))
        #expect(pause(.retryable(serverWait: .seconds(20)), remaining: .seconds(10)) == nil)
    }
}

@Suite struct RetryingTests {
    struct Fault: Error, Equatable {
        let attempt: Int
    }

    /// A clock in which a wait takes no time.
    final class FakeTime: Sendable {
        private let waits = Mutex<[Duration]>([])

        var all: [Duration] { waits.withLock { $0 } }

        var clock: WallClock {
            WallClock(
                now: { Timestamp(seconds: 0) + self.waits.withLock { $0.reduce(.zero, +) } },
                sleep: { pause in
                    try Task.checkCancellation()
                    self.waits.withLock { $0.append(pause) }
                }
            )
        }
    }

    let time = FakeTime()

    func run(
        failing failures: Int,
        attempts: Int = 4,
        seconds: Int64 = 1000,
        verdict: RetryPolicy.Verdict = .retryable(serverWait: nil)
    ) async throws(Fault) -> Int {
        try await retrying(
            RetryPolicy(attempts: attempts, backoff: Backoff(base: .seconds(1))),
            until: Deadline(Timestamp(seconds: seconds)),
            clock: time.clock,
            random: { 0.5 },
            verdict: { (_: Fault) in verdict },
            attempt: { (number) throws(Fault) -> Int in
                if number <= failures { throw Fault(attempt: number) }
                return number
            }
        )
    }

    @Test func `The first success is the result, after growing pauses`() async throws {
        #expect(try await run(failing: 2) == 3)
        #expect(time.all == [.milliseconds(500), .seconds(1)])
    }

    @Test func `The last failure is thrown when the attempts are used up`() async {
        await #expect(throws: Fault(attempt: 4)) { try await run(failing: 9) }
        #expect(time.all.count == 3)
    }

    @Test func `A final failure is thrown at once`() async {
        await #expect(throws: Fault(attempt: 1)) { try await run(failing: 9, verdict: .final) }
        #expect(time.all.isEmpty)
    }

    @Test func `Nothing is tried again when the pause would end after the deadline`() async {
        await #expect(throws: Fault(attempt: 2)) { try await run(failing: 9, seconds: 1) }
    }

    @Test func `A cancelled task does not try again`() async {
        let task = Task { () -> Fault? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(Fault) {
                _ = try await run(failing: 9)
                return nil
            } catch {
                return error
            }
        }
        #expect(await task.value == Fault(attempt: 1))
    }
}

@Suite struct DeadlineTests {
    let now = Timestamp(seconds: 100)

    @Test func `What remains is never negative`() {
        #expect(Deadline(Timestamp(seconds: 130)).remaining(at: now) == .seconds(30))
        #expect(Deadline(Timestamp(seconds: 70)).remaining(at: now) == .zero)
        #expect(Deadline(now).hasPassed(at: now))
        #expect(!Deadline(now + .milliseconds(1)).hasPassed(at: now))
    }

    @Test func `A reserve and a ceiling bring it nearer, never farther`() {
        let deadline = Deadline(Timestamp(seconds: 130))
        #expect(deadline.keeping(.seconds(10)).moment == Timestamp(seconds: 120))
        #expect(deadline.atMost(.seconds(5), from: now).moment == Timestamp(seconds: 105))
        #expect(deadline.atMost(.seconds(500), from: now) == deadline)
    }
}
