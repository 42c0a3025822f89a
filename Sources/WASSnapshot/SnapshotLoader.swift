import Jobs
import QualysAPI
import SQLite
import Support

/// Writes rows while pages are still read: whoever brings a page waits until its rows are written, so that never more pages
/// wait than are read side by side.
actor SnapshotLoader {
    private let database: SnapshotDatabase

    /// Whether what is read takes the place of what is there.
    private let isUpdate: Bool

    init(path: String, run: Timestamp, isUpdate: Bool, clock: WallClock) throws {
        self.isUpdate = isUpdate
        database = try SnapshotDatabase(path: path, run: run, replacesCatalog: isUpdate, clock: clock)
    }

    /// Writes a web application with all of its findings, or nothing of it before all of it is there.
    ///
    /// - Parameter listing: The page of the list that it is on.
    /// - Returns: The number of its findings.
    func load(webApp id: Int64, listing: Int, detail: SpooledBody, findings: [SpooledBody]) throws -> Int {
        if isUpdate { try database.remove(webApp: id) }
        do {
            try database.load(detail, "WebApp", into: .webApps, batch: SnapshotFiles.batch(listing, webApp: id))
            var rows = 0
            for (index, page) in findings.enumerated() {
                let batch = SnapshotFiles.batch(listing, webApp: id, page: index + 1)
                rows += try database.load(page, "Finding", into: .findings, batch: batch, webApp: id)
            }
            return rows
        } catch {
            // Half an application looks like one whose findings were mended.
            try database.remove(webApp: id)
            throw error
        }
    }

    func load(catalog page: SpooledBody, number: Int) throws -> Int {
        try database.load(page, "Catalog", into: .catalog, batch: SnapshotFiles.batch(number))
    }

    func load(_ vulnerabilities: [KnowledgeBaseRecord], batch number: Int) throws {
        for each in vulnerabilities { try database.load(each, batch: SnapshotFiles.batch(number)) }
    }

    func remove(webApp id: Int64) throws {
        if isUpdate { try database.remove(webApp: id) }
    }

    func removeCatalog() throws { try database.removeAll(from: .catalog) }

    func webApps() throws -> Set<Int64> { try database.webApps() }

    func findingsByWebApp() throws -> [Int64: Int] { try database.findingsByWebApp() }

    func rows(of table: SnapshotTable) throws -> Int { try database.rows(of: table) }

    /// What is in it of what Qualys counts.
    func counts() throws -> SnapshotCounts {
        SnapshotCounts(
            webApps: try database.rows(of: .webApps),
            findings: try database.rows(of: .findings),
            catalog: try database.rows(of: .catalog)
        )
    }

    func takeQIDs(atLeast count: Int) -> [Int64] { database.takeQIDs(atLeast: count) }

    func takeRemainingQIDs() throws -> [Int64] { try database.takeRemainingQIDs() }

    /// Completes the database and closes it.
    ///
    /// - Returns: The rows of its tables.
    func finish(missing: [String]) throws -> [JobCount] {
        try database.finish(missing: missing)
        let counts = [
            JobCount("web_applications", try database.rows(of: .webApps)),
            JobCount("findings", try database.rows(of: .findings)),
            JobCount("catalog", try database.rows(of: .catalog)),
            JobCount("knowledge_base", try database.rows(of: .knowledgeBase)),
        ]
        try database.close()
        return counts
    }
}
