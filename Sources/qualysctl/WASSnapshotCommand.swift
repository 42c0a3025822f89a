import ArgumentParser
import Jobs
import Support
import WASSnapshot

struct WASSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "was-snapshot",
        abstract: "Copy all web application data: JSON pages and a SQLite database.",
        discussion: """
            The account is that of the secret, or QUALYS_USERNAME and QUALYS_PASSWORD (or q_username and q_password) with \
            QUALYS_POD (default US1) or q_api_fqdn_server.
            """
    )

    @Option(
        name: [.long, .customShort("d")],
        help: """
            Only what changed since this time, into the last snapshot: 2026-11-21, 2026-11-21T03:00:00Z, or last. It begins \
            no later than the last snapshot, so that nothing is left out.
            """
    )
    var since: String?

    @Flag(help: "Everything, whatever --since says.")
    var full = false

    @Flag(help: "Write the tables as CSV, too.")
    var csv = false

    @Flag(help: "Tell how much there is, and read nothing.")
    var dryRun = false

    @OptionGroup
    var options: JobOptions

    func validate() throws {
        _ = try parameters()
    }

    func run() async throws {
        let parameters = try parameters()
        try await runJob(.wasSnapshot, options, pod: "US1") { services, owner, context in
            try await WASSnapshot(services).run(parameters, owner: owner, context)
        }
    }

    private func parameters() throws -> WASSnapshotParameters {
        do throws(JobParameterError) {
            var parameters = try WASSnapshotParameters(
                JobParameters(since.map { ["since": JobParameters.Value.text($0)] } ?? [:])
            )
            parameters.isFull = full
            parameters.writesCSV = csv
            parameters.isDry = dryRun
            return parameters
        } catch {
            throw ValidationError("--\(error.name) must be \(error.expected ?? "left out").")
        }
    }
}
