import Subprocess
package import Support
import SystemPackage

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs QScanner. A value of closures, so that a test plays the scanner.
package struct ScannerProcess: Sendable {
    /// Runs the command until it ends or the deadline comes; at the deadline, and when the task is cancelled, it is
    /// killed with everything it started. However it ended, nothing of it is left when this returns.
    ///
    /// Fails with `notRunnable`, `notStarted` or `cancelled`; an exit code or a timeout is an ending, not a failure.
    package var run: @Sendable (QScannerCommand, Deadline) async throws(QScannerError) -> ScannerExit

    package init(
        run: @escaping @Sendable (QScannerCommand, Deadline) async throws(QScannerError) -> ScannerExit
    ) {
        self.run = run
    }
}

/// How a run ended.
package struct ScannerExit: Sendable {
    package enum Status: Sendable, Hashable {
        case exited(Int32)
        case signalled(Int32)
    }

    package var status: Status

    /// The deadline came first; `status` is then what our signals made of it.
    package var timedOut: Bool
    package var duration: Duration

    /// What it printed, on standard output and error together: which of the two a line goes to is not documented.
    package var output: OutputExcerpt

    package init(status: Status, timedOut: Bool, duration: Duration, output: OutputExcerpt) {
        self.status = status
        self.timedOut = timedOut
        self.duration = duration
        self.output = output
    }
}

extension ScannerProcess {
    /// A process of this machine.
    ///
    /// swift-subprocess starts it, in a process group of its own, and reaps it. Everything between is done by a
    /// `ProcessWatch` on a thread, because the library's output streams last as long as anybody holds the pipe open,
    /// and because the group can be signalled safely only before its leader is reaped.
    ///
    /// - Parameter grace: From the request to end (SIGTERM) to the kill; of a short run a sixth at most. The caller's
    ///   reserve has to cover it.
    package static func live(clock: WallClock = .system, grace: Duration = .seconds(2)) -> ScannerProcess {
        ScannerProcess { command, deadline throws(QScannerError) in
            // From here on by a clock that nobody sets.
            let start = ContinuousClock.now
            let limit = deadline.remaining(at: clock.now())
            let channels = try ScannerChannels()
            // In a task that cancellation does not reach: the library would kill the process and leave its group.
            let work = Task {
                await runProcess(command, on: channels, from: start, until: start + limit, grace: min(grace, limit / 6))
            }
            let result = await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                channels.requestEnd()
            }
            // Only here: until now the handler above may still have written to one of them.
            channels.close()
            return try result.get()
        }
    }
}

private func runProcess(
    _ command: QScannerCommand,
    on channels: ScannerChannels,
    from start: ContinuousClock.Instant,
    until deadline: ContinuousClock.Instant,
    grace: Duration
) async -> Result<ScannerExit, QScannerError> {
    var options = PlatformOptions()
    options.processGroupID = 0
    let environment = command.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value.exposed) }
    let output = FileDescriptor(rawValue: channels.outputWriteEnd)
    do {
        let run = try await Subprocess.run(
            .path(FilePath(command.path)),
            arguments: Arguments(command.arguments),
            environment: .custom(Dictionary(environment) { _, last in last }),
            platformOptions: options,
            input: .none,
            output: .fileDescriptor(output, closeAfterSpawningProcess: false),
            error: .fileDescriptor(output, closeAfterSpawningProcess: false)
        ) { execution in
            channels.closeOutputWriteEnd()
            let watch = ProcessWatch(
                process: execution.processIdentifier.value,
                processDescriptor: execution.processIdentifier.processDescriptor,
                output: channels.outputReadEnd,
                endRequest: channels.endRequest,
                start: start,
                deadline: deadline,
                grace: grace,
                home: command.environment["HOME"]?.exposed
            )
            return await onOwnThread { watch.untilItEnds() }
        }
        let watched = run.closureResult
        if watched.end == .cancelled {
            return .failure(QScannerError(.cancelled, "The scan was cancelled; QScanner was stopped."))
        }
        let status: ScannerExit.Status =
            switch run.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let signal): .signalled(signal)
            }
        return .success(
            ScannerExit(
                status: status,
                timedOut: watched.end == .timedOut,
                duration: watched.duration,
                output: watched.output
            )
        )
    } catch {
        return .failure(spawnFailure(error, path: command.path))
    }
}

/// Never the library's own text: it can hold the environment.
private func spawnFailure(_ error: any Error, path: String) -> QScannerError {
    guard let error = error as? SubprocessError else {
        return QScannerError(.notStarted, "\(path) could not be started (\(type(of: error))).")
    }
    if error.code == .executableNotFound {
        return QScannerError(.notRunnable, "QSCANNER_PATH: \(path) is not there or may not be executed.")
    }
    let cause = error.underlyingError.map { systemErrorText($0.rawValue) } ?? "cause unknown"
    return QScannerError(.notStarted, "\(path) could not be started: \(cause).")
}
