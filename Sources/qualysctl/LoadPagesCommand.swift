import ArgumentParser
import FoundationEssentials
import Jobs
import Support
import WASSnapshot

/// Makes the database of a snapshot from its pages alone.
struct LoadPagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-pages",
        abstract: "Build was_sqlite.db from the json folder of a snapshot.",
        shouldDisplay: false
    )

    @Argument(help: "The json folder.")
    var folder: String

    @Argument(help: "The database, which must not be there.")
    var database: String

    func run() throws {
        guard !FileManager.default.fileExists(atPath: database) else {
            throw ValidationError("\(database) is there already.")
        }
        let scratch = database.lastIndex(of: "/").map { String(database[..<$0]) } ?? "."
        let counts = try StoredPages(folder: folder).load(into: database, run: WallClock.system.now(), scratch: scratch)
        print(counts.map { "\($0.name) \($0.value)" }.joined(separator: "\n"))
    }
}
