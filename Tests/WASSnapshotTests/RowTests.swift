import FoundationEssentials
import JSONStream
import Jobs
import QualysAPI
import SQLite
import Support
import TestSupport
import Testing
import XMLStream

@testable import WASSnapshot

@Suite(.timeLimit(.minutes(2))) struct RowTests {
    private let folder: TemporaryFolder
    private let run: Timestamp

    init() throws {
        folder = try TemporaryFolder()
        run = try #require(Timestamp(iso8601: "2026-11-21T03:00:00Z"))
    }

    private func expected(_ kind: String, seed: Int, _ count: Int) async throws -> [[String]] {
        let arguments = [kind, String(seed), String(count), folder.path]
        let output = try await Python.output(of: "reference_rows.py", arguments, beside: #filePath)
        return try output.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode([String].self, from: Data($0))
        }
    }

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try #require(FileManager.default.contents(atPath: "\(folder.path)/\(name)")))
    }

    /// The columns that the Python program has, but for those that say where a row is from.
    private func rows(_ table: SnapshotTable, in path: String) throws -> [[String]] {
        let database = try Database(path: path, mode: .readOnly)
        let columns = table.columns.prefix { $0.source != .batchDate }.map(\.name).joined(separator: ", ")
        let select = try database.prepare("SELECT \(columns) FROM \(table.name) ORDER BY 1", for: "reading")
        var rows: [[String]] = []
        while try select.step() { rows.append((0..<select.columnCount).map { select.text(at: $0) ?? "NULL" }) }
        return rows
    }

    @Test(arguments: 1...6) func `Findings become the rows that the Python program makes of them`(seed: Int)
        async throws
    {
        let expected = try await expected("findings", seed: seed, 300).sorted { $0[0] < $1[0] }
        let path = folder.path + "/ours.db"
        let database = try SnapshotDatabase(path: path, run: run)
        let page = SpooledBody(folder: folder.path)
        try bytes("page.json").withUnsafeBytes { try page.append($0) }
        try database.load(page, "Finding", into: .findings, batch: "000001", webApp: 2001)
        try database.close()
        let found = try rows(.findings, in: path)
        #expect(found.count == expected.count && found.count > 200)
        for (row, other) in zip(found, expected) {
            for (place, column) in SnapshotTable.findings.columns.prefix(row.count).enumerated() {
                #expect(row[place] == other[place], "\(row[0]) \(column.name)")
            }
        }
    }

    @Test(arguments: 1...6) func `The KnowledgeBase becomes the rows that xmltodict and json make of it`(
        seed: Int
    ) async throws {
        let expected = try await expected("knowledge", seed: seed, 100)
        let path = folder.path + "/ours.db"
        let database = try SnapshotDatabase(path: path, run: run)
        let reader = XMLRecordReader(record: "VULN", options: XMLOptions(repairs: true))
        let load = { (element: XMLElement) in
            try database.load(try #require(KnowledgeBaseRecord(element)), batch: "000001")
        }
        try bytes("answer.xml").withUnsafeBytes { try reader.push($0, load) }
        try reader.finish(load)
        try database.close()
        let found = try rows(.knowledgeBase, in: path)
        #expect(found.count == expected.count && found.count == 100)
        for (row, other) in zip(found, expected) {
            for (place, column) in SnapshotTable.knowledgeBase.columns.prefix(row.count).enumerated() {
                #expect(row[place] == other[place], "\(row[0]) \(column.name)")
            }
        }
    }

    @Test func `A record without a key is passed over, and what has no column is kept as JSON`() throws {
        let path = folder.path + "/ours.db"
        let database = try SnapshotDatabase(path: path, run: run)
        let page = SpooledBody(folder: folder.path)
        let text = """
            {"ServiceResponse":{"data":[{"Catalog":{"port":"1"}},{"Catalog":{"id":null}},{"Other":{"id":3}},
            {"Catalog":{"id":9,"new":{"a":[1.0,true,null]},"port":8080,"other":"ä"}}]}}
            """
        try Array(text.utf8).withUnsafeBytes { try page.append($0) }
        #expect(try database.load(page, "Catalog", into: .catalog, batch: "000001") == 1)
        try database.close()
        let found = try Database(path: path, mode: .readOnly)
        #expect(try found.integer("SELECT count(*) FROM Q_WAS_Catalog", for: "") == 1)
        #expect(try found.text("SELECT port FROM Q_WAS_Catalog", for: "") == "8080")
        let others = try found.text("SELECT otherFields FROM Q_WAS_Catalog", for: "")
        #expect(others == #"{"new": {"a": [1.0, true, null]}, "other": "\u00e4"}"#)
    }

    private func page(_ text: String) throws -> SpooledBody {
        let page = SpooledBody(folder: folder.path)
        try Array(text.utf8).withUnsafeBytes { try page.append($0) }
        return page
    }

    @Test(arguments: [false, true])
    func `Of an application that cannot be read to its end there is no row`(isUpdate: Bool) async throws {
        let path = folder.path + "/ours.db"
        let loader = try SnapshotLoader(path: path, run: run, isUpdate: isUpdate, clock: .system)
        let detail = try page(#"{"ServiceResponse":{"data":[{"WebApp":{"id":7}}]}}"#)
        let good = try page(#"{"ServiceResponse":{"data":[{"Finding":{"id":71}}]}}"#)
        let cut = try page(#"{"ServiceResponse":{"data":[{"Finding":{"id":72}},{"Finding":{"id":7"#)
        await #expect(throws: JSONFault.self) {
            try await loader.load(webApp: 7, listing: 1, detail: detail, findings: [good, cut])
        }
        #expect(try await loader.counts() == SnapshotCounts())
        #expect(try await loader.load(webApp: 7, listing: 1, detail: detail, findings: [good]) == 1)
    }

    @Test func `Stored pages make a database whose findings all have their application`() throws {
        for (kind, batch, record) in [
            ("webapp_detail", "000001_webapp_id_1", #"{"WebApp":{"id":1}}"#),
            ("finding_detail", "000001_webapp_id_1_001", #"{"Finding":{"id":10}}"#),
            // Deleted while it was read: its details never came.
            ("finding_detail", "000001_webapp_id_2_001", #"{"Finding":{"id":20}}"#),
        ] {
            let text = #"{"ServiceResponse":{"responseCode":"SUCCESS","data":[\#(record)]}}"#
            let path = "\(folder.path)/was_\(kind)_utc_run_datetime_x_utc_last_scan_date_y_batch_\(batch).json.gz"
            _ = try packGzip(to: path) { write in try Array(text.utf8).withUnsafeBytes(write) }
        }
        let path = folder.path + "/ours.db"
        _ = try StoredPages(folder: folder.path).load(into: path, run: run, scratch: folder.path)
        let database = try Database(path: path, mode: .readOnly)
        #expect(try database.text("SELECT group_concat(id) FROM Q_WAS_Finding", for: "") == "10")
    }
}
