/// A set of ids as ranges, written `3001-3050,3052`: the form in which Qualys gives and takes them, too.
package struct IDRanges: Sendable, Equatable, CustomStringConvertible {
    /// In ascending order, with a gap between each two.
    package private(set) var ranges: [ClosedRange<Int64>] = []

    package init() {}

    package init(_ ids: some Sequence<Int64>) {
        for id in Array(ids).sorted() { insert(id) }
    }

    /// Nil when it is anything but ids and ranges, all positive.
    package init?(_ text: String) {
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = Int64(ends[0]), first >= 0, let last = ends.count > 1 ? Int64(ends[1]) : first,
                first <= last
            else { return nil }
            insert(first...last)
        }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// How many ids there are.
    package var count: Int { ranges.reduce(0) { $0 + Int(clamping: $1.upperBound - $1.lowerBound) + 1 } }

    package var description: String {
        ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    package func contains(_ id: Int64) -> Bool {
        let place = firstRange(endingAtOrAfter: id)
        return place < ranges.count && ranges[place].lowerBound <= id
    }

    /// Those that are greater.
    package func above(_ id: Int64) -> IDRanges {
        var rest = IDRanges()
        rest.ranges = ranges.compactMap { $0.upperBound > id ? max($0.lowerBound, id + 1)...$0.upperBound : nil }
        return rest
    }

    package mutating func insert(_ id: Int64) {
        insert(id...id)
    }

    package mutating func insert(_ range: ClosedRange<Int64>) {
        // Qualys tells ids in ascending order.
        if let last = ranges.last, last.upperBound < .max, range.lowerBound > last.upperBound + 1 {
            ranges.append(range)
            return
        }
        // Those that touch it become one with it; nothing touches beyond the ends of Int64.
        let first = firstRange(endingAtOrAfter: range.lowerBound == .min ? .min : range.lowerBound - 1)
        var last = first
        var joined = range
        while last < ranges.count, range.upperBound == .max || ranges[last].lowerBound <= range.upperBound + 1 {
            joined = min(joined.lowerBound, ranges[last].lowerBound)...max(joined.upperBound, ranges[last].upperBound)
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: [joined])
    }

    /// By halves.
    private func firstRange(endingAtOrAfter id: Int64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
