import ArgumentParser
import Jobs
import Support
import WASExport

struct WASExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "was-export",
        abstract: "Export finished web application scans, one JSON file each.",
        discussion: """
            Without a window: the scans that finished since the last complete run, at first those of today (UTC). The \
            account is that of the secret, or QUALYS_USERNAME and QUALYS_PASSWORD with QUALYS_POD (default US3).
            """
    )

    @Option(help: "Scans that finished at this time or later: 2026-11-21 or 2026-11-21T03:00:00Z.")
    var since: String?

    @Option(help: "Scans that finished before this time.")
    var until: String?

    @Option(help: "Just these scans: ids with commas between them.")
    var ids: [String] = []

    @Flag(help: "List the scans that may be exported, and export nothing.")
    var dryRun = false

    @OptionGroup
    var options: JobOptions

    func validate() throws {
        _ = try parameters()
    }

    func run() async throws {
        let parameters = try parameters()
        try await runJob(.wasExport, options, pod: "US3") { services, owner, context in
            try await WASExport(services).run(parameters, owner: owner, context)
        }
    }

    private func parameters() throws -> WASExportParameters {
        let ids = ids.isEmpty ? nil : ids.joined(separator: ",")
        let given: [(String, String?)] = [("since", since), ("until", until), ("ids", ids)]
        let values = given.compactMap { name, text in text.map { (name, JobParameters.Value.text($0)) } }
        do throws(JobParameterError) {
            var parameters = try WASExportParameters(JobParameters(Dictionary(values) { first, _ in first }))
            parameters.isDry = dryRun
            return parameters
        } catch {
            throw ValidationError("--\(error.name) must be \(error.expected ?? "left out").")
        }
    }
}
