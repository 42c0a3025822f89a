/// The beginning and the end of what a process printed; the middle is counted and dropped.
///
/// It never holds more than 64 KiB of each, however much is printed. The bytes may hold secrets: only
/// `SecretScrubber` makes them fit for a log.
package struct OutputExcerpt: Sendable {
    /// The ceiling of the head and of the tail, in bytes.
    package static let ceiling = 64 * 1024

    /// All bytes that were printed.
    package private(set) var total = 0

    private var head: [UInt8] = []
    /// The bytes after the head. Once it is full, `oldest` is where the oldest byte stands.
    private var ring: [UInt8] = []
    private var oldest = 0

    package init() {}

    /// Bytes between the head and the tail that were not kept.
    package var dropped: Int { total - head.count - ring.count }

    /// What was printed first.
    package var beginning: [UInt8] { head }

    /// What was printed last, in whole lines: a line whose beginning was dropped is left out, because half a secret
    /// is not recognised as one.
    package var lastLines: ArraySlice<UInt8> {
        let tail = ring[oldest...] + ring[..<oldest]
        guard dropped > 0 else { return head + tail }
        guard let lineEnd = tail.firstIndex(of: UInt8(ascii: "\n")) else { return [] }
        return tail[(lineEnd + 1)...]
    }

    package mutating func append(_ bytes: some RandomAccessCollection<UInt8>) {
        total += bytes.count
        let first = bytes.prefix(OutputExcerpt.ceiling - head.count)
        head.append(contentsOf: first)
        // Of more than a whole ring only the end would be left.
        var rest = bytes.dropFirst(first.count).suffix(OutputExcerpt.ceiling)[...]
        let free = rest.prefix(OutputExcerpt.ceiling - ring.count)
        ring.append(contentsOf: free)
        rest = rest.dropFirst(free.count)
        while !rest.isEmpty {
            let run = rest.prefix(OutputExcerpt.ceiling - oldest)
            ring.replaceSubrange(oldest..<(oldest + run.count), with: run)
            oldest = (oldest + run.count) % OutputExcerpt.ceiling
            rest = rest.dropFirst(run.count)
        }
    }
}
