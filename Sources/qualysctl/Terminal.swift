import Glibc
import Logging
import Support
import Telemetry

func printError(_ line: String) {
    LineOutput.standardError.write(Array("\(line)\n".utf8))
}

/// Whether a person is watching.
let isTerminal = isatty(STDERR_FILENO) == 1

/// How wide the terminal is: at each time anew, as its window may be drawn larger or smaller.
func terminalColumns() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}

/// Whether colour is wanted: on a terminal, unless `NO_COLOR` says otherwise (https://no-color.org).
let isColoured = isTerminal && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)

/// Log lines as a person reads them, on standard error.
struct TerminalLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(level: Logger.Level) {
        self.logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = event.message.description
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where !["requestId", "function"].contains(name) {
            line += "  \(name)=\(value)"
        }
        if let error = event.error { line += ": \(describe(error).description)" }
        if event.level >= .warning { line = "\(event.level.rawValue): \(line)" }
        // No control character reaches the terminal.
        let shown = line.unicodeScalars.filter {
            $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value)
        }
        printError(colour(String(String.UnicodeScalarView(shown)), event.level))
    }

    private func colour(_ line: String, _ level: Logger.Level) -> String {
        guard isColoured else { return line }
        return switch level {
        case .error, .critical: "\u{1B}[31m\(line)\u{1B}[0m"
        case .warning, .notice: "\u{1B}[33m\(line)\u{1B}[0m"
        default: "\u{1B}[2m\(line)\u{1B}[0m"
        }
    }
}
