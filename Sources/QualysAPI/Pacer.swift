package import Support

/// Keeps the calls of one API within its limits: not more at a time than the server allows, and none before the moment
/// that it named.
///
/// The server's limit is known with its first answer. Until then one call is made alone, since many that start together
/// would be refused together, and a refused call counts.
package actor Pacer {
    private let clock: WallClock

    /// The most that we want at a time.
    private let workers: Int

    /// What the server said last of calls at a time.
    private(set) var told: Int?

    /// What its refusals let us think, where it says nothing.
    private var guessed: Int?
    private var goodAnswers = 0

    /// After so many good answers one more call is tried; twice as many after each refusal.
    private var patience = 50
    private static let mostPatience = 5000

    private var hasAnswer = false
    private var running = 0
    private var blockedUntil = Timestamp(milliseconds: .min)

    /// The end of the last wait that was told of.
    private var announced = Timestamp(milliseconds: .min)
    private var queue: [Waiter] = []
    private var nextID = 0

    /// Longer waits are told of.
    private static let longWait = Duration.seconds(30)

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    package init(workers: Int, clock: WallClock = .system) {
        self.workers = max(1, workers)
        self.clock = clock
    }

    /// Calls that may run at the same time, as far as is known.
    package var width: Int {
        hasAnswer ? min(workers, told ?? guessed ?? workers) : 1
    }

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
                guard blockedUntil > now else { return nil }
                let wait = blockedUntil - now
                guard wait < deadline.remaining(at: now) else {
                    giveBack()
                    return wait
                }
                // A second refusal moves the end by a little.
                if wait > Self.longWait, blockedUntil > announced + Self.longWait {
                    announced = blockedUntil
                    announce(wait)
                }
                do {
                    try await clock.sleep(wait)
                } catch {
                    giveBack()
                    throw error
                }
            }
        } catch {
            throw CancellationError()
        }
    }

    /// Gives back what `begin` took.
    ///
    /// - Parameters:
    ///   - limits: What the answer said.
    ///   - isAnswer: False when no answer came: it told nothing of the limits.
    ///   - isRefused: Whether the call was refused without a word on how many may run, or when.
    func finish(_ limits: LimitHeaders, isAnswer: Bool, isRefused: Bool = false) {
        if isAnswer { hasAnswer = true }
        if let concurrency = limits.concurrency {
            told = concurrency
        } else if isRefused {
            // Of calls that run together as many are refused as are too many: each makes room for one fewer.
            guessed = max(1, width - 1)
            goodAnswers = 0
            patience = min(2 * patience, Self.mostPatience)
        } else if isAnswer, let guess = guessed {
            goodAnswers += 1
            if goodAnswers >= patience { (guessed, goodAnswers) = (guess < workers ? guess + 1 : nil, 0) }
        }
        if let wait = limits.wait { pause(wait) }
        giveBack()
    }

    /// Lets no call begin for so long from now.
    package func pause(_ wait: Duration) {
        blockedUntil = max(blockedUntil, clock.now() + wait)
    }

    private func slot() async throws {
        guard running >= width else {
            running += 1
            return
        }
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                queue.append(Waiter(id: id, continuation: continuation))
            }
        } onCancel: {
            Task { await self.leave(id) }
        }
    }

    private func leave(_ id: Int) {
        guard let place = queue.firstIndex(where: { $0.id == id }) else { return }
        queue.remove(at: place).continuation.resume(throwing: CancellationError())
    }

    private func giveBack() {
        running -= 1
        while running < width, !queue.isEmpty {
            running += 1
            queue.removeFirst().continuation.resume()
        }
    }
}
