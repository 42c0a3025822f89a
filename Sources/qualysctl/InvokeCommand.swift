import Application
import ArgumentParser
import FoundationEssentials
import FunctionScan
import Logging
import Support

struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Work off one event, as the Lambda function would.",
        discussion: "The answer is printed as it would go to Lambda."
    )

    @Argument(help: "A file with the event's JSON; - for standard input.")
    var event: String

    @Option(help: "Seconds for all of it, as the function's timeout.")
    var timeout = 900

    @Option(help: "The request id, by default a new one; that of an earlier run takes its claim over.")
    var requestID: String?

    func validate() throws {
        guard (10...86400).contains(timeout) else { throw ValidationError("--timeout is 10 to 86400 seconds.") }
    }

    func run() async throws {
        let bytes = try readEvent()
        let shell = try Shell()
        defer { shell.close() }
        let requestID = requestID ?? ScanClaim.shellOwner + UUID().uuidString
        let invocation = try await shell.invocation(bytes, requestID: requestID, seconds: timeout)
        var log = shell.log
        log[metadataKey: "requestId"] = "\(requestID)"
        let answer = try await withProgress("Working off the event") { [log] in
            try await Dispatch(
                functionScan: shell.application.functionScan,
                jobs: shell.application.scheduledJobs,
                functionName: nil
            )
            .handle(invocation, log)
        }
        print(String(decoding: answer, as: UTF8.self))
        if let status = InvokeAnswer.exitStatus(answer, of: bytes) { throw status }
    }

    /// At most 6 MB, as Lambda takes.
    private func readEvent() throws -> [UInt8] {
        let limit = 6 << 20
        guard let file = event == "-" ? SmallFile.standardInput : SmallFile(path: event) else {
            throw ValidationError("\(quoted(event)) cannot be read.")
        }
        guard let bytes = file.read(limit: limit) else {
            throw ValidationError("\(quoted(event)) cannot be read, or is larger than 6 MB.")
        }
        return bytes
    }
}
