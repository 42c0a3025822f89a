import SQLite
import Support

/// Hosts, detections and what the KnowledgeBase says of them as a SQLite database.
final class DetectionsDatabase: DetectionSink {
    /// Rows of one transaction: a commit costs more than many rows.
    private static let transaction = 20_000

    private static let hostColumns: [DetectionColumn] = [.hostID, .ip, .dns, .os, .trackingMethod, .hostLastScan]
    private static let detectionColumns = DetectionColumn.allCases.filter {
        $0 == .hostID || !hostColumns.contains($0)
    }

    private let database: Database
    private let addHost: Statement
    private let addDetection: Statement
    private let addVulnerability: Statement
    private var pending = 0

    init(path: String) throws {
        database = try Database(path: path, mode: .create)
        // It is made anew whenever it is not complete, and nobody reads it before: no journal, little memory.
        try database.execute(
            """
            PRAGMA page_size = 8192; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192;
            PRAGMA temp_store = FILE;
            CREATE TABLE hosts (\(Self.definition(Self.hostColumns)), PRIMARY KEY (host_id));
            CREATE TABLE detections (detection_key TEXT PRIMARY KEY, \(Self.definition(Self.detectionColumns)));
            CREATE TABLE knowledge_base (
                qid INTEGER PRIMARY KEY, title TEXT, type TEXT, severity INTEGER, category TEXT, cves TEXT,
                cvss_base REAL, cvss_vector TEXT, cvss3_base REAL, cvss3_vector TEXT, patchable INTEGER,
                published TEXT, modified TEXT
            );
            BEGIN;
            """,
            for: "making the tables"
        )
        addHost = try database.prepare(
            "INSERT OR REPLACE INTO hosts VALUES (\(Self.places(Self.hostColumns.count)))",
            for: "adding a host"
        )
        addDetection = try database.prepare(
            "INSERT OR REPLACE INTO detections VALUES (\(Self.places(Self.detectionColumns.count + 1)))",
            for: "adding a detection"
        )
        addVulnerability = try database.prepare(
            "INSERT OR REPLACE INTO knowledge_base VALUES (\(Self.places(13)))",
            for: "adding a vulnerability"
        )
    }

    func add(_ row: DetectionRow) throws {
        addDetection.bind(1, row.key)
        bind(row, Self.detectionColumns, to: addDetection, from: 2)
        try addDetection.run()
        try count()
    }

    func addHost(_ row: DetectionRow) throws {
        bind(row, Self.hostColumns, to: addHost, from: 1)
        try addHost.run()
        try count()
    }

    func add(_ vulnerability: Vulnerability) throws {
        let add = addVulnerability
        add.bind(1, vulnerability.qid)
        add.bind(2, vulnerability.title)
        add.bind(3, vulnerability.type)
        add.bind(4, vulnerability.severity)
        add.bind(5, vulnerability.category)
        add.bind(6, vulnerability.cves.joined(separator: ","))
        add.bind(7, vulnerability.cvssBase.flatMap(Double.init))
        add.bind(8, vulnerability.cvssVector)
        add.bind(9, vulnerability.cvss3Base.flatMap(Double.init))
        add.bind(10, vulnerability.cvss3Vector)
        add.bind(11, vulnerability.patchable)
        add.bind(12, vulnerability.published)
        add.bind(13, vulnerability.modified)
        try add.run()
    }

    /// Puts everything into the file.
    func finish() throws {
        try database.execute(
            """
            CREATE INDEX detections_host ON detections (host_id);
            CREATE INDEX detections_qid ON detections (qid);
            COMMIT;
            """,
            for: "finishing the database"
        )
    }

    private func bind(_ row: DetectionRow, _ columns: [DetectionColumn], to statement: Statement, from first: Int) {
        row.forEach { column, value in
            guard let place = columns.firstIndex(of: column) else { return }
            guard let value else { return statement.bindNull(first + place) }
            if column.isNumber {
                statement.bind(first + place, Int64(String(decoding: value, as: UTF8.self)))
            } else {
                statement.bind(first + place, utf8: value)
            }
        }
    }

    private func count() throws {
        pending += 1
        guard pending == Self.transaction else { return }
        pending = 0
        try database.execute("COMMIT; BEGIN;", for: "writing rows to the disk")
    }

    private static func definition(_ columns: [DetectionColumn]) -> String {
        columns.map { "\($0.name) \($0.isNumber ? "INTEGER" : "TEXT")" }.joined(separator: ", ")
    }

    private static func places(_ count: Int) -> String {
        (1...count).map { "?\($0)" }.joined(separator: ", ")
    }
}
