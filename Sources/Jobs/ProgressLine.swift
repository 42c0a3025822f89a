extension JobProgress.Report {
    /// A line for a terminal of so many columns. It leaves the last one free: only a line that is not wrapped can be drawn
    /// over. First the bar becomes shorter; then what says the least is left out.
    ///
    ///     was-export  [############............] 250/500 scans  31.2/s  4.1 MB/s  8 s left
    package func line(_ title: String, elapsed: Duration, columns: Int) -> String {
        let speed = ProgressSpeed(self, elapsed: elapsed)
        let total = total.flatMap { $0 > 0 ? $0 : nil }
        let amount = total.map { "\(done)/\($0) \(unit)" } ?? "\(done) \(unit)"
        let further: [String?] = counts.map { "\($0.value) \($0.name)" }
        let pace = "\((speed.perSecond * 10).rounded() / 10)/s"
        let bytes = bytes > 0 ? "\(speed.megabytesPerSecond) MB/s" : nil
        let left = speed.secondsLeft.map { $0 < 120 ? "\($0) s left" : "\($0 / 60) min left" }
        let tails = [
            [amount] + further + [pace, bytes, left], [amount] + further + [pace, left], [amount, pace, left],
            [amount, left], [amount],
        ]
        .map { $0.compactMap { $0 }.joined(separator: "  ") }
        let room = max(0, columns - 1)
        for tail in tails {
            let free = room - "\(title)  \(tail)".count
            if total == nil, free >= 0 { return "\(title)  \(tail)" }
            let width = min(24, free - "[] ".count)
            if let total, width >= 8 { return "\(title)  [\(bar(of: total, width))] \(tail)" }
        }
        return String("\(title)  \(amount)".prefix(room))
    }

    private func bar(of total: Int, _ width: Int) -> String {
        let filled = min(width, width * done / total)
        return String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    }
}

/// The same for work of which nobody knows how much there is.
///
///     Scanning orders … 8 s
package func progressLine(_ what: String, seconds: Int64, columns: Int) -> String {
    let time = " … \(seconds) s"
    let room = max(0, columns - 1)
    return String((what.prefix(max(0, room - time.count)) + time).prefix(room))
}
