import Support
import Synchronization

/// The body of one answer on its way from the transport's thread to a task that may be slower: at most two buffers of
/// `limit` bytes are held, and the transfer pauses while they are full, however long that is.
///
///     transport's thread                            the task that reads
///     offer --> filled up to the limit  -- next --> a whole buffer, the other one takes its place
///     pauses when it does not fit       <-- resume  as soon as there is room
///
/// One task reads; the bytes of an answer that is no success never come here.
package final class HTTPBodyChannel: Sendable {
    private struct State {
        /// What came and was not taken yet.
        var filled: [UInt8] = []
        var reader: CheckedContinuation<Void, Never>?
        var end: End?
        var isRefused = false
        /// Lets the transfer go on; there while it is paused.
        var resume: (@Sendable () -> Void)?
        var byteCount: Int64 = 0
    }

    private enum End {
        case whole
        case broken
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: Bytes of one of the two buffers.
    package init(limit: Int = 256 << 10) {
        self.limit = limit
    }

    /// The bytes that came so far.
    package var byteCount: Int64 { state.withLock(\.byteCount) }

    /// Waits for the next bytes and puts them in the place of what `buffer` has, whose memory is used again.
    ///
    /// - Returns: False when there are no more. Whether that was all of the body, `isWhole` tells.
    package func next(_ buffer: inout [UInt8]) async -> Bool {
        buffer.removeAll(keepingCapacity: true)
        while true {
            var taken: [UInt8]?
            var resume: (@Sendable () -> Void)?
            var isOver = false
            let spare = consume buffer
            buffer = []
            state.withLock { state in
                guard !state.filled.isEmpty else {
                    isOver = state.end != nil
                    return
                }
                taken = state.filled
                state.filled = spare
                resume = state.resume
                state.resume = nil
            }
            resume?()
            if let taken {
                buffer = taken
                return true
            }
            buffer = spare
            if isOver { return false }
            await more()
        }
    }

    /// Whether all of the body came. False as long as it has not.
    package var isWhole: Bool { state.withLock { $0.end == .whole } }

    /// Takes no more: the transfer ends as `HTTPError.Reason.sink`.
    package func refuse() {
        let resume = state.withLock { state in
            state.isRefused = true
            defer { state.resume = nil }
            return state.resume
        }
        resume?()
    }

    /// Waits until there is something or nothing more will come.
    private func more() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.filled.isEmpty, state.end == nil else { return true }
                state.reader = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Takes a piece, from the transport's side.
    ///
    /// - Parameter resume: Called when there is room again, once, if the piece did not fit.
    /// - Returns: False when it does not fit: it has to be offered again.
    package func offer(
        _ piece: UnsafeRawBufferPointer,
        resume: @escaping @Sendable () -> Void
    ) throws(HTTPBodyRefused) -> Bool {
        let outcome: (isTaken: Bool, reader: CheckedContinuation<Void, Never>?)? = state.withLock { state in
            guard !state.isRefused else { return nil }
            let isTaken = state.filled.isEmpty || state.filled.count + piece.count <= limit
            if isTaken {
                state.filled.append(contentsOf: piece)
                state.byteCount += Int64(piece.count)
            } else {
                state.resume = resume
            }
            // Not for every piece: to wake a task costs as much as to parse one.
            guard !isTaken || state.filled.count >= limit / 4 else { return (true, nil) }
            defer { state.reader = nil }
            return (isTaken, state.reader)
        }
        guard let outcome else { throw HTTPBodyRefused() }
        outcome.reader?.resume()
        return outcome.isTaken
    }

    /// Says that nothing more will come: `isWhole` when the answer is complete.
    package func finish(isWhole: Bool) {
        let reader = state.withLock { state in
            if state.end == nil { state.end = isWhole ? .whole : .broken }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}

/// The reader of a body wants no more of it.
package struct HTTPBodyRefused: Failure, Equatable {
    package init() {}

    package var label: String { "HTTP.BodyRefused" }
    package var description: String { "The answer was refused as it came." }
}
