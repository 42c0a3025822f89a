import Files
import Glibc
import Jobs
import Logging
import Support
import Synchronization
import Telemetry

/// How a run's log is kept beside what a person sees: a file that an auditor can use.
struct RunLog: Sendable {
    private let file: LogFile?
    private let isVerbose: Bool

    /// - Parameters:
    ///   - file: Its folder is made when it is not there.
    ///   - isVerbose: Whether debug lines are wanted.
    init(file: String?, isVerbose: Bool) throws {
        self.file = try file.map { try LogFile($0) }
        self.isVerbose = isVerbose
    }

    /// The same log, into the file too.
    func joined(to log: Logger) -> Logger {
        var shown = log
        // One line for each call is for the file; on a terminal the bar is enough.
        if isVerbose { shown.logLevel = .debug } else if isTerminal { shown.logLevel = max(shown.logLevel, .notice) }
        guard let file else { return shown }
        let handler = FileLogHandler(file: file, logLevel: isVerbose ? .debug : .info)
        return Logger(label: log.label) { [shown] _ in MultiplexLogHandler([shown.handler, handler]) }
    }
}

/// A file that is put aside when it is long: five of them are kept.
private final class LogFile: Sendable {
    private static let largest = 25_000_000
    private static let kept = 5

    private let path: String
    private let state: Mutex<(descriptor: Int32, count: Int)>

    init(_ path: String) throws {
        self.path = path
        try makeFolders(for: path)
        let descriptor = try Self.open(path)
        state = Mutex((descriptor, Int(lseek(descriptor, 0, SEEK_END))))
    }

    deinit {
        state.withLock { _ = close($0.descriptor) }
    }

    func write(_ line: String) {
        state.withLock { state in
            let bytes = Array(line.utf8)
            if state.count + bytes.count > Self.largest, let next = try? putAside() {
                close(state.descriptor)
                state = (next, 0)
            }
            state.count += max(0, Glibc.write(state.descriptor, bytes, bytes.count))
        }
    }

    private func putAside() throws -> Int32 {
        for number in (1..<Self.kept).reversed() { rename("\(path).\(number)", "\(path).\(number + 1)") }
        rename(path, "\(path).1")
        return try Self.open(path)
    }

    private static func open(_ path: String) throws -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LogFileFault(path: path, code: errno) }
        return descriptor
    }
}

private struct LogFileFault: Failure {
    let path: String
    let code: Int32
    var label: String { "Log.File" }
    var description: String { "The log file \(path) cannot be written: \(systemErrorText(code))." }
}

/// Lines as the script had them: `2026-11-21 03:00:45+0000 INFO [qualysctl] message  name=value`.
private struct FileLogHandler: LogHandler {
    let file: LogFile
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(file: LogFile, logLevel: Logger.Level) {
        self.file = file
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = WallClock.system.now().iso8601
        let level = event.level.rawValue.uppercased()
        var line = "\(time.prefix(10)) \(time.dropFirst(11).dropLast())+0000 \(level) [qualysctl] \(event.message)"
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { line += "  \(name)=\(value)" }
        if let error = event.error { line += ": \(describe(error).description)" }
        let shown = line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        file.write(String(String.UnicodeScalarView(shown)) + "\n")
    }
}
