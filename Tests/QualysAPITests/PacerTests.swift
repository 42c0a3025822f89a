import Support
import Synchronization
import TestSupport
import Testing

@testable import QualysAPI

@Suite("The pacer of an API")
struct PacerTests {
    private let clock = FakeClock()
    private var deadline: Deadline { Deadline(FakeClock.start + .seconds(3600)) }

    @Test("One call is made alone until the server has told its limit")
    func alone() async throws {
        let pacer = Pacer(workers: 8, clock: clock.clock)
        #expect(pacer.width == 1)
        #expect(try await pacer.begin(until: deadline) == nil)
        pacer.finish(LimitHeaders(concurrency: 3), isAnswer: true)
        #expect(pacer.width == 3)
    }

    @Test("The head of an answer tells the limit, while the body still comes")
    func head() async throws {
        let pacer = Pacer(workers: 8, clock: clock.clock)
        let deadline = deadline
        _ = try await pacer.begin(until: deadline)
        let others = (0..<2).map { _ in Task { try await pacer.begin(until: deadline) } }
        while pacer.waiting < 2 { await Task.yield() }
        pacer.learn(LimitHeaders())
        #expect(pacer.width == 1)
        pacer.learn(LimitHeaders(concurrency: 3))
        for other in others { #expect(try await other.value == nil) }
    }

    @Test("A waiting time in the head of an answer holds at once")
    func headWait() async throws {
        let pacer = Pacer(workers: 8, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.learn(LimitHeaders(concurrency: 3, wait: .seconds(40)))
        _ = try await pacer.begin(until: deadline)
        #expect(clock.now >= FakeClock.start + .seconds(40))
    }

    @Test("A server that tells no limit gets as many calls as there are workers")
    func untold() async throws {
        let pacer = Pacer(workers: 4, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.finish(LimitHeaders(), isAnswer: true)
        #expect(pacer.width == 4)
    }

    @Test("A call that brought no answer tells nothing of the limit")
    func noAnswer() async throws {
        let pacer = Pacer(workers: 4, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.finish(LimitHeaders(), isAnswer: false)
        #expect(pacer.width == 1)
    }

    @Test("Never more calls than the limit are at work, and all of them get their turn", arguments: [1, 2, 5, 10])
    func limit(allowed: Int) async throws {
        let pacer = Pacer(workers: 20, clock: clock.clock)
        let deadline = deadline
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    _ = try await pacer.begin(until: deadline)
                    gauge.enter()
                    for _ in 0..<3 { await Task.yield() }
                    gauge.leave()
                    pacer.finish(LimitHeaders(concurrency: allowed), isAnswer: true)
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.done == 200)
        #expect(gauge.most <= allowed)
    }

    @Test("A server that refuses and tells no number is left with as many calls as it took")
    func refusals() async throws {
        let pacer = Pacer(workers: 8, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.finish(LimitHeaders(), isAnswer: true)
        for _ in 0..<8 { _ = try await pacer.begin(until: deadline) }
        // It takes two of the eight.
        for _ in 0..<6 { pacer.finish(LimitHeaders(), isAnswer: true, isRefused: true) }
        #expect(pacer.width == 2)
        for _ in 0..<2 { pacer.finish(LimitHeaders(), isAnswer: true, isRefused: true) }
        #expect(pacer.width == 1)
        pacer.finish(LimitHeaders(concurrency: 5), isAnswer: true)
        #expect(pacer.width == 5)
    }

    @Test("After many good answers one more call is tried, later after every refusal")
    func growsAgain() async throws {
        let pacer = Pacer(workers: 3, clock: clock.clock)
        func finish(_ count: Int, isRefused: Bool = false) async throws {
            for _ in 0..<count {
                _ = try await pacer.begin(until: deadline)
                pacer.finish(LimitHeaders(), isAnswer: true, isRefused: isRefused)
            }
        }
        try await finish(1)
        #expect(pacer.width == 3)
        try await finish(1, isRefused: true)
        try await finish(99)
        #expect(pacer.width == 2)
        try await finish(1)
        #expect(pacer.width == 3)
        try await finish(1, isRefused: true)
        try await finish(199)
        #expect(pacer.width == 2)
        try await finish(1)
        #expect(pacer.width == 3)
    }

    @Test("A long wait is announced once, and a short one is not")
    func announced() async throws {
        let waits = Journal<Duration>()
        let pacer = Pacer(workers: 3, clock: clock.clock)
        for wait in [20, 40, 4000] {
            pacer.pause(.seconds(wait))
            for _ in 0..<3 {
                _ = try await pacer.begin(until: Deadline(clock.now + .seconds(5000))) { waits.write($0) }
                pacer.finish(LimitHeaders(concurrency: 3), isAnswer: true)
                // A refusal that was on its way.
                pacer.pause(.milliseconds(100))
            }
        }
        #expect(waits.entries == [.seconds(40), .seconds(4000)])
    }

    @Test("No call begins before the moment that the server named")
    func waits() async throws {
        let pacer = Pacer(workers: 2, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.finish(LimitHeaders(concurrency: 2, wait: .seconds(40)), isAnswer: true)
        _ = try await pacer.begin(until: deadline)
        #expect(clock.now >= FakeClock.start + .seconds(40))
    }

    @Test("A wait beyond the deadline is told at once, and takes nothing")
    func beyond() async throws {
        let pacer = Pacer(workers: 1, clock: clock.clock)
        _ = try await pacer.begin(until: deadline)
        pacer.finish(LimitHeaders(concurrency: 1, wait: .seconds(68928)), isAnswer: true)
        #expect(try await pacer.begin(until: deadline) == .seconds(68928))
        #expect(clock.pauses.isEmpty)
        clock.advance(.seconds(68928))
        #expect(try await pacer.begin(until: Deadline(clock.now + .seconds(9))) == nil)
    }

    @Test("Who is cancelled while waiting leaves the queue, and the next gets its turn")
    func cancelled() async throws {
        let pacer = Pacer(workers: 1, clock: clock.clock)
        let deadline = deadline
        _ = try await pacer.begin(until: deadline)
        let waiting = Task { try await pacer.begin(until: deadline) }
        while pacer.waiting < 1 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        let next = Task { try await pacer.begin(until: deadline) }
        pacer.finish(LimitHeaders(), isAnswer: true)
        #expect(try await next.value == nil)
    }
}

/// How many are inside, and how many were at most.
private final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0, done: 0))

    var most: Int { state.withLock(\.most) }
    var done: Int { state.withLock(\.done) }

    func enter() {
        state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
    }

    func leave() {
        state.withLock {
            $0.now -= 1
            $0.done += 1
        }
    }
}
