import Support
import Synchronization

/// What callers and the transport's thread share: the orders that wait, and the way to wake the thread.
final class CurlMailbox: Sendable {
    let caBundle: String?
    let clock: WallClock
    private let state = Mutex(State())

    private struct State {
        var phase = Phase.asleep
        var orders: [TransferOrder] = []
        var cancelled: [TransferTicket] = []
        var resumed: [TransferTicket] = []
        var multi: MultiReference?
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
            state.multi?.wakeUp()
            return nil
        }
        if let (reason, detail) = refusal { order.fail(reason, detail) }
    }

    /// Ends a transfer that may be in flight, on its way, over, or not even posted: the ticket remembers.
    func cancel(_ ticket: TransferTicket) {
        ticket.cancel()
        state.withLock { state in
            guard state.phase == .running else { return }
            state.cancelled.append(ticket)
            state.multi?.wakeUp()
        }
    }

    /// Lets a transfer go on that waits for the reader of its body.
    func resume(_ ticket: TransferTicket) {
        state.withLock { state in
            guard state.phase == .running else { return }
            state.resumed.append(ticket)
            state.multi?.wakeUp()
        }
    }

    /// Tells the thread to end.
    func close() {
        state.withLock { state in
            switch state.phase {
            case .asleep: state.phase = .ended
            case .running:
                state.phase = .closing
                state.multi?.wakeUp()
            case .closing, .ended: break
            }
        }
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

    // MARK: The thread's side

    /// Lets callers wake `multi`; nil before it is freed.
    func setMulti(_ multi: MultiReference?) {
        state.withLock { $0.multi = multi }
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
