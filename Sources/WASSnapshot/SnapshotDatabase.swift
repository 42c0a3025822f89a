import JSONStream
import QualysAPI
import SQLite
import Support

/// The database while it is built: nobody else reads it until it is complete. It belongs to one task at a time.
final class SnapshotDatabase {
    /// Rows that are written in one transaction.
    private static let transactionRows = 5000

    /// The most bytes of one record: a screenshot or a response of megabytes is in it.
    private static let largestRecord = 32 << 20

    private let database: Database
    private let run: Timestamp
    private let clock: WallClock
    private let replacesCatalog: Bool
    private var writers: [String: RowWriter] = [:]
    private var statuses: [String: LoadStatus] = [:]
    private var reader = JSONStreamReader(
        items: "ServiceResponse.data[]",
        bounds: JSONStreamReader.Bounds(item: largestRecord)
    )
    private var pending = 0

    /// The QIDs of the findings that were written, until they are taken; and those that were.
    private var newQIDs: Set<Int64> = []
    private var takenQIDs: Set<Int64> = []

    /// - Parameters:
    ///   - path: Made when it is not there, else gone on with.
    ///   - run: When the run began.
    ///   - replacesCatalog: Whether a row of the catalog takes the place of one with its id: changes go into a snapshot.
    init(path: String, run: Timestamp, replacesCatalog: Bool = false, clock: WallClock = .system) throws(SQLiteError) {
        database = try Database(path: path, mode: .create)
        self.run = run
        self.clock = clock
        self.replacesCatalog = replacesCatalog
        // Without a journal: a database whose building was interrupted is thrown away.
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA cache_size = -4096; PRAGMA foreign_keys = OFF;
            """,
            for: "preparing the database"
        )
        for table in SnapshotTable.all {
            try database.execute(table.definition, for: "making \(table.name)")
            // At once, not at the end: while rows come there is time, and an index over rows that are there reads them all.
            for index in table.indexes {
                let sql = "CREATE INDEX IF NOT EXISTS \(index.name) ON \(table.name) (\(index.columns))"
                try database.execute(sql, for: "making the index \(index.name)")
            }
        }
        try database.execute(LoadStatus.definition, for: "making \(LoadStatus.table)")
        try database.execute("DELETE FROM \(LoadStatus.table)", for: "emptying \(LoadStatus.table)")
    }

    /// What the last columns of rows say that are written now.
    func batch(_ number: String) -> RowBatch {
        RowBatch(date: run.databaseText, number: number, written: clock.now().databaseText)
    }

    /// Writes the records of a page.
    ///
    /// - Parameters:
    ///   - record: What each record is called on the wire: `Finding`.
    ///   - webApp: The web application that the page is of.
    /// - Returns: The rows that came to the table.
    @discardableResult
    func load(
        _ page: SpooledBody,
        _ record: String,
        into table: SnapshotTable,
        batch number: String,
        webApp: Int64? = nil
    ) throws -> Int {
        let writer = try writer(of: table)
        let batch = batch(number)
        try begin(table, number)
        var rows = 0
        reader.reset()
        let write = { [self] (item: JSONValue) in
            guard let value = item[record] else { return }
            if try writer.write(value, webApp: webApp, batch) { rows += 1 }
            if webApp != nil, let qid = value["qid"]?.integer, qid > 0, !takenQIDs.contains(qid) { newQIDs.insert(qid) }
            try count(1)
        }
        try page.forEachPiece { try reader.push($0, item: write) }
        try reader.finish(item: write)
        statuses[table.name]?.rows += rows
        return rows
    }

    /// Writes what the KnowledgeBase says of a QID, in the place of what it said before.
    func load(_ vulnerability: KnowledgeBaseRecord, batch number: String) throws {
        let table = SnapshotTable.knowledgeBase
        try begin(table, number)
        if try writer(of: table).write(vulnerability.fields, others: vulnerability.others, batch(number)) {
            statuses[table.name]?.rows += 1
        }
        try count(1)
    }

    /// Takes a web application out, with its findings.
    func remove(webApp id: Int64) throws {
        try open()
        for (table, column) in [(SnapshotTable.findings, "webApp_id"), (SnapshotTable.webApps, "id")] {
            let purpose = "removing from \(table.name)"
            let statement = try database.prepare("DELETE FROM \(table.name) WHERE \(column) = ?1", for: purpose)
            statement.bind(1, id as Int64?)
            try statement.run()
        }
        try count(1)
    }

    func removeAll(from table: SnapshotTable) throws {
        try open()
        try database.execute("DELETE FROM \(table.name)", for: "emptying \(table.name)")
    }

    func rows(of table: SnapshotTable) throws -> Int {
        Int(try database.integer("SELECT count(*) FROM \(table.name)", for: "counting the rows of \(table.name)") ?? 0)
    }

    /// The ids of the web applications that are in it.
    func webApps() throws -> Set<Int64> {
        try numbers("SELECT id FROM \(SnapshotTable.webApps.name)")
    }

    /// How many findings each web application has; those without are left out.
    func findingsByWebApp() throws -> [Int64: Int] {
        let sql = "SELECT webApp_id, count(*) FROM \(SnapshotTable.findings.name) GROUP BY webApp_id"
        let statement = try database.prepare(sql, for: "counting findings")
        var counts: [Int64: Int] = [:]
        while try statement.step() { counts[statement.integer(at: 0)] = Int(statement.integer(at: 1)) }
        return counts
    }

    /// QIDs that came since they were last taken, as soon as there are so many of them.
    func takeQIDs(atLeast count: Int) -> [Int64] {
        guard newQIDs.count >= count else { return [] }
        defer { newQIDs = [] }
        takenQIDs.formUnion(newQIDs)
        return newQIDs.sorted()
    }

    /// All QIDs that were not taken yet.
    func takeRemainingQIDs() throws -> [Int64] {
        let all = try numbers("SELECT DISTINCT qid FROM \(SnapshotTable.findings.name) WHERE qid > 0")
        defer { takenQIDs = all }
        newQIDs = []
        return all.subtracting(takenQIDs).sorted()
    }

    /// Completes it: views, the last word on every table. Nothing can be written afterwards.
    ///
    /// - Parameter missing: What could not be read.
    func finish(missing: [String]) throws {
        try open()
        try database.execute(
            """
            DELETE FROM \(SnapshotTable.knowledgeBase.name)
            WHERE QID NOT IN (SELECT qid FROM \(SnapshotTable.findings.name))
            """,
            for: "removing what no finding names"
        )
        for view in SnapshotViews.definitions { try database.execute(view, for: "making the views") }
        for table in SnapshotTable.all {
            var status = statuses[table.name] ?? LoadStatus(name: table.name, batch: "000000")
            status.stage = .final
            statuses[table.name] = status
        }
        var whole = LoadStatus(name: LoadStatus.whole, batch: "0")
        whole.stage = .final
        whole.missing = missing
        statuses[whole.name] = whole
        try commit()
    }

    /// Ends all writing, with the file as complete as the calls so far made it.
    func close() throws {
        try commit()
        writers = [:]
        try database.close()
    }

    private func writer(of table: SnapshotTable) throws(SQLiteError) -> RowWriter {
        if let writer = writers[table.name] { return writer }
        let replaces =
            table.name == SnapshotTable.knowledgeBase.name
            || (replacesCatalog && table.name == SnapshotTable.catalog.name)
        let writer = try RowWriter(table, in: database, replacing: replaces)
        writers[table.name] = writer
        return writer
    }

    private func numbers(_ sql: String) throws -> Set<Int64> {
        let statement = try database.prepare(sql, for: "reading ids")
        var ids: Set<Int64> = []
        while try statement.step() { ids.insert(statement.integer(at: 0)) }
        return ids
    }

    // Rows of several pages are written in one transaction.

    private func begin(_ table: SnapshotTable, _ number: String) throws {
        try open()
        if statuses[table.name] == nil {
            let status = LoadStatus(name: table.name, batch: number)
            statuses[table.name] = status
            try save(status)
        }
        statuses[table.name]?.batch = number
    }

    private func open() throws(SQLiteError) {
        guard pending == 0 else { return }
        try database.execute("BEGIN", for: "beginning a transaction")
        pending = 1
    }

    private func count(_ rows: Int) throws {
        try open()
        pending += rows
        if pending > Self.transactionRows { try commit() }
    }

    private func commit() throws {
        guard pending > 0 else { return }
        for (name, var status) in statuses {
            if status.stage == .begin { status.stage = .end }
            statuses[name] = status
            try save(status)
        }
        try database.execute("COMMIT", for: "committing a transaction")
        pending = 0
    }

    private func save(_ status: LoadStatus) throws(SQLiteError) {
        let statement = try database.prepare(LoadStatus.insertion, for: "writing \(LoadStatus.table)")
        statement.bind(1, status.name)
        statement.bind(2, String(decoding: status.detail(run: run), as: UTF8.self))
        statement.bind(3, status.batch)
        statement.bind(4, clock.now().databaseText)
        try statement.run()
    }
}

extension Timestamp {
    /// `2026-11-21 03:00:45`, as SQLite's date functions take it.
    var databaseText: String { String(iso8601.map { $0 == "T" ? " " : $0 }.dropLast()) }
}
