extension JobProgress.Report {
    /// A line for a terminal.
    ///
    ///     was-export  [############............]  250/500 scans  31.2/s  4.1 MB/s  8 s left
    package func line(_ title: String, elapsed: Duration) -> String {
        let width = 24
        let speed = ProgressSpeed(self, elapsed: elapsed)
        var parts: [String] = []
        if let total = total, total > 0 {
            let filled = min(width, width * done / total)
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            parts.append("\(title)  [\(bar)] \(done)/\(total) \(unit)")
        } else {
            parts.append("\(title)  \(done) \(unit)")
        }
        for count in counts { parts.append("\(count.value) \(count.name)") }
        parts.append("\((speed.perSecond * 10).rounded() / 10)/s")
        if bytes > 0 { parts.append("\(speed.megabytesPerSecond) MB/s") }
        if let left = speed.secondsLeft { parts.append(left < 120 ? "\(left) s left" : "\(left / 60) min left") }
        return parts.joined(separator: "  ")
    }
}
