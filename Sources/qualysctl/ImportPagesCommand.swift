import ArgumentParser
import CARImport
import FoundationEssentials
import Jobs
import Support

/// Makes imports for CAR of pages alone.
struct ImportPagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-pages",
        abstract: "Write the imports for CAR that pages of Qualys make.",
        shouldDisplay: false
    )

    @Argument(help: "A folder with hostasset*.json, gw*.json, hld*.xml and kb*.xml.")
    var folder: String

    @Argument(help: "A folder for the imports and the index, which is there.")
    var output: String

    @Flag(help: "Keep all imports, not only the last.")
    var keep = false

    @Option(help: "The key of the source in CAR.")
    var source = "qualys"

    func run() async throws {
        let envelope = ImportEnvelope(source: source, timestamp: WallClock.system.now())
        let counts = try await StoredPages(folder: folder).write(to: output, keeping: keep, scratch: output, envelope)
        print(counts.map { "\($0.name) \($0.value)" }.joined(separator: "\n"))
    }
}
