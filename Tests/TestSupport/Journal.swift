import Synchronization

/// What happened, in its order, told by closures of any task.
package final class Journal<Entry: Sendable>: Sendable {
    private let written = Mutex<[Entry]>([])

    package init() {}

    package var entries: [Entry] { written.withLock { $0 } }

    /// Writes an entry; returns how many there are now.
    @discardableResult
    package func write(_ entry: Entry) -> Int {
        written.withLock { written in
            written.append(entry)
            return written.count
        }
    }
}
