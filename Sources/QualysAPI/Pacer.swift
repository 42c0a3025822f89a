package import Support
import Synchronization

/// Keeps the calls of one API within its limits: not more at a time than the server allows, and none before the moment
/// that it named.
///
/// The server's limit is known with the head of its first answer. Until then one call is made alone, since many that start
/// together would be refused together, and a refused call counts.
package final class Pacer: Sendable {
    private let clock: WallClock
    private let state: Mutex<State>

    /// Longer waits are told of.
    private static let longWait = Duration.seconds(30)

    private struct State {
        var limit: ConcurrencyLimit
        var running = 0
        var blockedUntil = Timestamp(milliseconds: .min)

        /// The end of the last wait that was told of.
        var announced = Timestamp(milliseconds: .min)
        var queue: [Waiter] = []
        var lastID = 0

        /// Since when no call has been answered.
        var unansweredSince: Timestamp?

        mutating func block(for wait: Duration?, from now: Timestamp) {
            if let wait { blockedUntil = max(blockedUntil, now + wait) }
        }

        /// Those whose turn it is, taken out of the queue.
        mutating func turns() -> [Waiter] {
            let free = min(max(0, limit.width - running), queue.count)
            running += free
            defer { queue.removeFirst(free) }
            return Array(queue[..<free])
        }
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// - Parameter workers: The most calls that we want at a time.
    package init(workers: Int, clock: WallClock = .system) {
        state = Mutex(State(limit: ConcurrencyLimit(workers: max(1, workers))))
        self.clock = clock
    }

    /// Calls that may run at the same time, as far as is known.
    package var width: Int { state.withLock(\.limit.width) }

    /// What the server said last of calls at a time.
    package var told: Int? { state.withLock(\.limit.told) }

    /// How many wait for their turn.
    var waiting: Int { state.withLock(\.queue.count) }

    /// Waits until a call may be made. What it took, `finish` gives back.
    ///
    /// - Parameter announce: Called once for a wait that a person would take for a halt, with how long it is.
    /// - Returns: How long the server's limit still lasts when that is beyond the deadline: the call may not be made, and
    ///   nothing was taken. Nil: go ahead. A wait for other calls ends with them, which have the same deadline.
    package func begin(
        until deadline: Deadline,
        announce: (Duration) -> Void = { _ in }
    ) async throws(CancellationError) -> Duration? {
        do {
            try await slot()
            while true {
                let now = clock.now()
                let (wait, isNews) = wait(at: now)
                guard wait > .zero else { return nil }
                guard wait < deadline.remaining(at: now) else {
                    change { $0.running -= 1 }
                    return wait
                }
                if isNews { announce(wait) }
                do {
                    try await clock.sleep(wait)
                } catch {
                    change { $0.running -= 1 }
                    throw error
                }
            }
        } catch {
            throw CancellationError()
        }
    }

    /// Learns from the head of an answer, whose body may still come for minutes.
    func learn(_ limits: LimitHeaders) {
        guard let concurrency = limits.concurrency else { return }
        let now = clock.now()
        change { state in
            state.block(for: limits.wait, from: now)
            state.limit.learn(concurrency)
        }
    }

    /// Gives back what `begin` took.
    ///
    /// - Parameters:
    ///   - limits: What the answer said.
    ///   - isAnswer: False when no answer came: it told nothing of the limits.
    ///   - isRefused: Whether the call was refused without a word on how many may run, or when.
    func finish(_ limits: LimitHeaders, isAnswer: Bool, isRefused: Bool = false) {
        let now = clock.now()
        change { state in
            if isAnswer { state.unansweredSince = nil }
            state.block(for: limits.wait, from: now)
            if let concurrency = limits.concurrency {
                state.limit.learn(concurrency)
            } else if isRefused {
                state.limit.wasRefused()
            } else if isAnswer {
                state.limit.wasAnswered()
            }
            state.running -= 1
        }
    }

    /// A call was not answered, now.
    ///
    /// - Returns: Since when none has been.
    func wasUnanswered(at now: Timestamp) -> Timestamp {
        state.withLock { state in
            state.unansweredSince = state.unansweredSince ?? now
            return state.unansweredSince ?? now
        }
    }

    /// Lets no call begin for so long from now.
    package func pause(_ wait: Duration) {
        let now = clock.now()
        change { $0.block(for: wait, from: now) }
    }

    /// How long the server's limit lasts, and whether that is worth telling: a second refusal moves the end by a little.
    private func wait(at now: Timestamp) -> (wait: Duration, isNews: Bool) {
        state.withLock { state in
            guard state.blockedUntil > now else { return (.zero, false) }
            let wait = state.blockedUntil - now
            let isNews = wait > Self.longWait && state.blockedUntil > state.announced + Self.longWait
            if isNews { state.announced = state.blockedUntil }
            return (wait, isNews)
        }
    }

    private func slot() async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                var isCancelled = false
                change { state in
                    // Within the lock: who cancels after this finds the waiter in the queue.
                    isCancelled = Task.isCancelled
                    if !isCancelled { state.queue.append(Waiter(id: id, continuation: continuation)) }
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                state.queue.firstIndex { $0.id == id }.map { state.queue.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Changes the state, and lets those begin who may now.
    private func change(_ body: (inout State) -> Void) {
        let turns = state.withLock { state in
            body(&state)
            return state.turns()
        }
        for waiter in turns { waiter.continuation.resume() }
    }
}
