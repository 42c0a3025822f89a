package import Support

/// Scans functions with Qualys QScanner, a program of Qualys that is installed beside this one.
package struct QScanner: Sendable {
    package struct Settings: Sendable {
        /// The executable.
        package var path: String
        /// As QScanner takes them, such as `pkg,secret`.
        package var scanTypes: String
        /// The ceiling of one run; less when the deadline is nearer.
        package var timeout: Duration
        /// Our own environment, of which proxies, certificates and PATH are passed on.
        package var environment: [String: String]

        package init(path: String, scanTypes: String, timeout: Duration, environment: [String: String]) {
            self.path = path
            self.scanTypes = scanTypes
            self.timeout = timeout
            self.environment = environment
        }
    }

    private let settings: Settings
    private let process: ScannerProcess
    private let clock: WallClock

    package init(settings: Settings, process: ScannerProcess = .live(), clock: WallClock = .system) {
        self.settings = settings
        self.process = process
        self.clock = clock
    }

    /// Scans one function.
    ///
    /// - Parameters:
    ///   - scratch: A fresh folder of this scan's own. The report's files are in it, so it has to live until they are
    ///     stored; the caller removes it.
    ///   - deadline: When QScanner is asked to end. Ending it can take 2 seconds more, or a sixth of a
    ///     shorter time.
    package func scan(
        _ target: ScanTarget,
        scratch: ScanScratch,
        until deadline: Deadline
    ) async throws(QScannerError) -> ScanReport {
        let command = QScannerCommand(
            path: settings.path,
            scanTypes: settings.scanTypes,
            target: target,
            scratch: scratch,
            parent: settings.environment
        )
        try await onOwnThread { () throws(QScannerError) in try scratch.prepare() }
        let exit = try await process.run(command, deadline.atMost(settings.timeout, from: clock.now()))
        do throws(QScannerError) {
            let report = try exit.report(on: target)
            return try await onOwnThread { () throws(QScannerError) in
                var report = report
                try report.read(folder: scratch.output, scanTypes: settings.scanTypes, secrets: command.secrets)
                return report
            }
        } catch {
            var error = error
            let scrubber = SecretScrubber(secrets: command.secrets)
            error.excerpt = scrubber.scrub(exit.output.lastLines, keepingLast: 2048)
            throw error
        }
    }
}

extension ScannerExit {
    /// The report as far as the ending tells it; throws what the ending means otherwise.
    fileprivate func report(on target: ScanTarget) throws(QScannerError) -> ScanReport {
        let seconds = "after \(duration.inSeconds) s"
        let subject = "QScanner's scan of \(target.functionARN) in \(target.region)"
        if timedOut {
            throw QScannerError(.timedOut, "\(subject) was not done in time and was stopped \(seconds).")
        }
        let code: Int32
        switch status {
        case .signalled(let signal):
            let meaning = ExitMeaning(signal: signal).sentence
            throw QScannerError(
                .killed(signal: signal),
                "\(subject) ended \(seconds) with signal \(signal): \(meaning)."
            )
        case .exited(let exitCode):
            code = exitCode
        }
        let meaning = ExitMeaning(exitCode: code)
        let ending = "exit code \(code): \(meaning.sentence)."
        switch meaning.outcome {
        case .failed:
            throw QScannerError(.failed(exitCode: code), "\(subject) ended \(seconds) with \(ending)")
        case .partial:
            return ScanReport(outcome: .partial, exitCode: code, duration: duration, notes: ["QScanner's \(ending)"])
        case .success:
            let notes = code == 0 ? [] : ["QScanner's \(ending)"]
            return ScanReport(outcome: .success, exitCode: code, duration: duration, notes: notes)
        }
    }
}
