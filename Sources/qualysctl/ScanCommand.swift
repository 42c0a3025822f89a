import AWSClients
import Application
import ArgumentParser
import FoundationEssentials
import FunctionScan
import Support

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Scan one Lambda function now.",
        discussion: """
            Does what the scanner does on a change: reads the function, runs QScanner, stores, notifies, tags and \
            remembers, as far as the settings switch these on. The answer is printed as JSON.
            """
    )

    @Argument(help: "The function: its name, partial ARN or ARN.")
    var function: String

    @Option(help: "Seconds for all of it.")
    var timeout = 900

    func validate() throws {
        guard (10...86400).contains(timeout) else { throw ValidationError("--timeout is 10 to 86400 seconds.") }
    }

    func run() async throws {
        let shell = try Shell()
        defer { shell.close() }
        let context = shell.context(seconds: timeout)
        let region = shell.application.settings.region
        let account = try await STSClient(shell.application.own).callerIdentity(context).account
        guard let arn = FunctionARN(functionName: function, region: region, account: account) else {
            throw ValidationError("\(quoted(function)) is not the name or the ARN of a Lambda function.")
        }
        let answer = try await withProgress("Scanning \(arn.name)") {
            try await shell.application.functionScan.run(
                FunctionChange(function: arn),
                identity: ScannerIdentity(account: account, region: region, functionName: nil),
                owner: ScanClaim.shellOwner + UUID().uuidString,
                context
            )
        }
        print(String(decoding: answer.json, as: UTF8.self))
        switch answer.status {
        case .scanned, .cached: break
        case .partial: throw ExitStatus.partial
        // Nothing was scanned: the caller asked for a scan and has none.
        case .skipped, .inProgress: throw ExitStatus.failed
        }
    }
}
