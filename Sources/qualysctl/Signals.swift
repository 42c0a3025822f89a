import Dispatch
import Glibc

/// Runs `work`; Ctrl-C, SIGTERM and a terminal that closes cancel it, so that a running QScanner is stopped and its folder removed.
func cancelledBySignals<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result
{
    let task = Task { try await work() }
    let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            // To save what is done may take a while without a network; a second time ends it at once.
            signal(number, SIG_DFL)
            task.cancel()
        }
        source.resume()
        return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try await task.value
}
