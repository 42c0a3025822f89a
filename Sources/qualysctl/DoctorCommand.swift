import Application
import ArgumentParser
import Support

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check settings, secret, role, bucket, table, topic, QScanner and the jobs' account.",
        discussion: "Says in words what is wrong. Only reads. Exit status 1 when a check fails."
    )

    @Option(help: "An account whose CROSS_ACCOUNT_ROLE_NAME role to try (hub).")
    var account: String?

    func validate() throws {
        if let account, account.utf8.count != 12 || Int(account) == nil {
            throw ValidationError("--account takes 12 digits.")
        }
    }

    func run() async throws {
        let shell: Shell
        do {
            shell = try Shell()
        } catch let error as SettingsError {
            for fault in error.faults { show(.failed("\(fault.name) \(fault.expected)."), "settings") }
            throw ExitStatus.failed
        }
        defer { shell.close() }
        show(.passed("All have proper values; region \(shell.application.settings.region)."), "settings")

        // All in one: Ctrl-C ends the doctor, not a check.
        let hasFailed = try await cancelledBySignals {
            var hasFailed = false
            for check in Diagnosis.checks(account: account) {
                let finding = try await showingProgress("Checking the \(check.name)") {
                    try await check.run(shell.application, shell.context(seconds: 30))
                }
                show(finding, check.name)
                if case .failed = finding { hasFailed = true }
            }
            return hasFailed
        }
        if hasFailed { throw ExitStatus.failed }
    }

    private func show(_ finding: Diagnosis.Finding, _ name: String) {
        let (mark, text) =
            switch finding {
            case .passed(let text): ("ok  ", text)
            case .failed(let text): ("FAIL", text)
            case .notUsed(let text): ("-   ", text)
            }
        print("\(mark)  \(name + String(repeating: " ", count: max(0, 12 - name.count)))\(text)")
    }
}
