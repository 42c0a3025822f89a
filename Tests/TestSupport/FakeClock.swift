package import Support
import Synchronization

/// A clock that stands still until somebody sleeps by it, and remembers how long they slept.
package final class FakeClock: Sendable {
    private struct State {
        var now: Timestamp
        var pauses: [Duration] = []
        var readings = 0
    }

    /// 2026-11-21T03:00:45Z
    package static let start = Timestamp(seconds: 1_795_230_045)

    private let state: Mutex<State>

    package init(_ now: Timestamp = FakeClock.start) {
        state = Mutex(State(now: now))
    }

    package var now: Timestamp { state.withLock(\.now) }
    package var pauses: [Duration] { state.withLock(\.pauses) }

    /// How often the time was asked for.
    package var readings: Int { state.withLock(\.readings) }

    package func advance(_ duration: Duration) {
        state.withLock { $0.now = $0.now + duration }
    }

    package var clock: WallClock {
        WallClock(
            now: { [self] in
                state.withLock { state in
                    state.readings += 1
                    return state.now
                }
            },
            sleep: { [self] pause in
                try Task.checkCancellation()
                state.withLock { state in
                    state.now = state.now + pause
                    state.pauses.append(pause)
                }
            }
        )
    }
}
