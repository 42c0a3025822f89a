import Support
import Synchronization

/// What callers and the transport's thread share: the orders that wait, and the way to wake the thread.
final class CurlMailbox: Sendable {
    let caBundle: String?
    let clock: WallClock
    private let state = Mutex(State())

    /// Apart from the state, whose lock the thread takes as soon as it wakes up: it would wake up only to wait.
    private let multi = Mutex<MultiReference?>(nil)

    private struct State {
        var phase = Phase.asleep
        var orders: [TransferOrder] = []
        var cancelled: [TransferTicket] = []
        var resumed: [TransferTicket] = []
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    private enum Phase {
        /// No request has been sent: there is no thread.
        case asleep
        case running
        /// The thread is to end.
        case closing
        case ended
    }

    /// All that the thread has to do next.
    struct Contents {
        var orders: [TransferOrder]
        var cancelled: [TransferTicket]
        var resumed: [TransferTicket]
        var isClosing: Bool
    }

    init(caBundle: String?, clock: WallClock) {
        self.caBundle = caBundle
        self.clock = clock
    }

    /// Starts the thread, if it can and has not yet.
    func wake() {
        state.withLock { state in
            if case .asleep = state.phase, startThread() { state.phase = .running }
        }
    }

    /// Hands an order to the thread, which it starts when this is the first.
    func post(_ order: TransferOrder) {
        let refusal: (HTTPError.Reason, String)? = state.withLock { state in
            switch state.phase {
            case .asleep:
                guard startThread() else { return (.other, "no thread could be started") }
                state.phase = .running
            case .running: break
            case .closing, .ended: return (.cancelled, "the transport was shut down")
            }
            state.orders.append(order)
            return nil
        }
        if let (reason, detail) = refusal {
            order.fail(reason, detail)
        } else {
            wakeUp()
        }
    }

    /// Ends a transfer that may be in flight, on its way, over, or not even posted: the ticket remembers.
    func cancel(_ ticket: TransferTicket) {
        ticket.cancel()
        state.withLock { state in
            guard state.phase == .running else { return }
            state.cancelled.append(ticket)
        }
        wakeUp()
    }

    /// Lets a transfer go on that waits for the reader of its body.
    func resume(_ ticket: TransferTicket) {
        state.withLock { state in
            guard state.phase == .running else { return }
            state.resumed.append(ticket)
        }
        wakeUp()
    }

    /// Tells the thread to end.
    func close() {
        state.withLock { state in
            switch state.phase {
            case .asleep: state.phase = .ended
            case .running: state.phase = .closing
            case .closing, .ended: break
            }
        }
        wakeUp()
    }

    /// Tells the thread to end, and waits until it has let go of all that it held.
    func closeAndWait() async {
        close()
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.phase == .ended { return true }
                state.waitingForEnd.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func wakeUp() {
        multi.withLock { $0?.wakeUp() }
    }

    // MARK: The thread's side

    /// Lets callers wake `multi`; nil before it is freed.
    func setMulti(_ multi: MultiReference?) {
        self.multi.withLock { $0 = multi }
    }

    func take() -> Contents {
        state.withLock { state in
            defer {
                state.orders.removeAll()
                state.cancelled.removeAll()
                state.resumed.removeAll()
            }
            return Contents(
                orders: state.orders,
                cancelled: state.cancelled,
                resumed: state.resumed,
                isClosing: state.phase == .closing
            )
        }
    }

    /// Takes no more orders from here on; returns those that came at the last moment.
    func stopTaking() -> [TransferOrder] {
        state.withLock { state in
            state.phase = .closing
            defer { state.orders.removeAll() }
            return state.orders
        }
    }

    /// The last thing that the thread does.
    func didEnd() {
        let waiting = state.withLock { state in
            state.phase = .ended
            defer { state.waitingForEnd.removeAll() }
            return state.waitingForEnd
        }
        for continuation in waiting { continuation.resume() }
    }
}
