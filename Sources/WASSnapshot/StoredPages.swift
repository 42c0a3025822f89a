import Compression
import Files
package import Jobs
import QualysAPI
package import Support

/// Builds a database from pages that are in a folder: what a run does, without Qualys. For measuring, and for making a lost
/// database anew; the KnowledgeBase is not among the pages.
package struct StoredPages: Sendable {
    private let folder: String

    /// - Parameter folder: The `json` of a run.
    package init(folder: String) {
        self.folder = folder
    }

    /// - Parameter path: Of the database, which must not be there.
    /// - Returns: The rows of its tables.
    package func load(into path: String, run: Timestamp, scratch: String) throws -> [JobCount] {
        let database = try SnapshotDatabase(path: path, run: run)
        let names = try names(inFolder: folder)
        for (kind, table, record) in Self.kinds {
            let known = try database.webApps()
            for name in names where name.hasPrefix(kind) {
                guard let batch = Self.batch(of: name) else { continue }
                // Findings of a web application that was deleted before its details were read.
                if table.name == SnapshotTable.findings.name, Self.webApp(of: batch).map(known.contains) != true {
                    continue
                }
                let page = SpooledBody(folder: scratch)
                let gzip = GzipReader(limit: 1 << 30)
                try forEachPiece(ofFile: "\(folder)/\(name)") { try gzip.read($0) { try page.append($0) } }
                try gzip.finish()
                try database.load(page, record, into: table, batch: batch, webApp: Self.webApp(of: batch))
            }
        }
        try database.finish(missing: [])
        let counts = try SnapshotTable.all.map { JobCount($0.name, try database.rows(of: $0)) }
        try database.close()
        return counts
    }

    private static let kinds = [
        ("was_webapp_detail_utc", SnapshotTable.webApps, "WebApp"),
        ("was_finding_detail_utc", SnapshotTable.findings, "Finding"),
        ("was_catalog_utc", SnapshotTable.catalog, "Catalog"),
    ]

    /// `000001_webapp_id_2001_001` of a file's name.
    private static func batch(of name: String) -> String? {
        let mark = "_batch_"
        guard name.hasSuffix(".json.gz") else { return nil }
        let characters = Array(name.utf8)
        let wanted = Array(mark.utf8)
        for start in characters.indices.reversed() where characters[start...].starts(with: wanted) {
            return String(
                decoding: characters[(start + wanted.count)...].dropLast(".json.gz".utf8.count),
                as: UTF8.self
            )
        }
        return nil
    }

    private static func webApp(of batch: String) -> Int64? {
        let parts = batch.split(separator: "_")
        return parts.count > 3 && parts[1] == "webapp" ? Int64(parts[3]) : nil
    }
}
