import Application
import ArgumentParser
import FoundationEssentials
import Glibc
import Jobs
import Support

/// The same work as `bootstrap`'s, from a person's shell.
@main
struct QualysCtl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qualysctl",
        abstract: "Scan Lambda functions with Qualys, and fetch its data, from your shell.",
        discussion: """
            Settings come from the environment, as in Lambda (see the README). AWS credentials come from the \
            environment or the profile files.

            Exit status: 0 all done; 1 failed; 2 bad usage; 3 done in part.
            """,
        subcommands: [
            ScanCommand.self, InvokeCommand.self, WASExportCommand.self, WASSnapshotCommand.self,
            HostDetectionsCommand.self, CARImportCommand.self, DoctorCommand.self, LoadPagesCommand.self,
            ImportPagesCommand.self,
        ]
    )

    static func main() async {
        // `qualysctl scan ... | head` must not end the scan half-way.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot(takeArguments())
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let ended as ExitStatus {
            leave(ended.rawValue)
        } catch let error as JobError where error.outcome == .partial {
            printError("qualysctl: \(error.description)")
            leave(ExitStatus.partial.rawValue)
        } catch is CancellationError {
            printError("qualysctl: It was interrupted.")
            leave(ExitStatus.failed.rawValue)
        } catch let failure as any Failure {
            printError("qualysctl: \(failure.description)")
            leave((failure is SettingsError ? ExitStatus.badUsage : .failed).rawValue)
        } catch {
            let message = fullMessage(for: error)
            let isUsage = exitCode(for: error) == .validationFailure
            if exitCode(for: error) == .success {
                print(message)
            } else {
                printError(message)
            }
            leave(isUsage ? ExitStatus.badUsage.rawValue : exitCode(for: error).rawValue)
        }
        leave(ExitStatus.done.rawValue)
    }
}

/// How a run ended, for the shell.
enum ExitStatus: Int32, Error {
    case done = 0
    case failed = 1
    case badUsage = 2
    case partial = 3

    // What IBM's connectors end with, in `car-import`: CAR may take it another time, or will not; then what the source of
    // the data, Qualys, could not do.
    case recoverable = 10
    case unrecoverable = 20
    case dataSource = 50
    case connection = 51
    case signIn = 52
    case forbidden = 53
    case parameter = 54
    case processing = 55
}

/// Ends the process without what `exit` has libraries do: libcrypto would free what it keeps for each thread while threads
/// that have nothing more to do end and free the same, and a run that is done would crash.
private func leave(_ status: Int32) -> Never {
    fflush(nil)
    _exit(status)
}
