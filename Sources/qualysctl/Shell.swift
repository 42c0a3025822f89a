import AWSClients
import Application
import FoundationEssentials
import FunctionScan
import HTTPTransport
import LambdaRuntime
import Logging
import QualysAPI
import Support
import Telemetry

/// What every subcommand starts from.
struct Shell {
    let application: Application
    let log: Logger
    private let scratchRoot: ScratchRoot

    /// - Parameter account: Who signs in to Qualys, when that is not in the secret.
    /// - Throws: `SettingsError` with all that is wrong, or when there is no room for scratch.
    init(needsSecret: Bool = true, needsRegion: Bool = true, account: QualysAccount? = nil) throws {
        let environment = ProcessInfo.processInfo.environment
        let settings = try Settings(
            environment: environment,
            region: profileRegion(environment: environment),
            needsSecret: needsSecret,
            needsRegion: needsRegion
        )
        scratchRoot = try ScratchRoot(in: Application.temporaryFolder(environment), prefix: "qualysctl-")
        application = Application(
            settings: settings,
            environment: environment,
            http: CurlTransport(caBundle: environment["AWS_CA_BUNDLE"]).client,
            scratchRoot: scratchRoot.path,
            account: account,
            // Metrics are CloudWatch's, and nothing of a shell gets there.
            emit: { _, _ in }
        )
        log = Logger(label: "qualysctl") { (_: String) -> any LogHandler in
            guard !isTerminal else { return TerminalLogHandler(level: settings.logLevel) }
            return JSONLogHandler(level: settings.logLevel) { LineOutput.standardError.write($0) }
        }
    }

    /// Removes what scans left. What a process leaves that is killed before, the next one removes.
    func close() {
        scratchRoot.remove()
    }

    func context(seconds: Int) -> CallContext {
        CallContext(deadline: Deadline(WallClock.system.now() + .seconds(seconds)), log: log)
    }

    /// An invocation as Lambda would make it of a function named `qualysctl` in the caller's account.
    func invocation(_ event: [UInt8], requestID: String, seconds: Int) async throws -> Invocation {
        let context = context(seconds: seconds)
        let account = try await STSClient(application.own).callerIdentity(context).account
        let region = application.settings.region
        let partition = AWSPartition(region: region).rawValue
        return Invocation(
            requestID: requestID,
            deadline: context.deadline,
            functionARN: "arn:\(partition):lambda:\(region):\(account):function:qualysctl",
            event: event
        )
    }
}
