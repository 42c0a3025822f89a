import SQLite

/// What an incremental import compares: the edges that assets had in CAR, and those that they have.
///
/// Both are of assets whose whole truth was read (the table `scope`) and, before, of assets that are gone.
final class ChangeIndex {
    /// Edges of an asset, by the collection at the other end.
    static let ends: [(edge: String, end: String)] = [
        ("asset_ipaddress", "ipaddress"), ("asset_macaddress", "macaddress"), ("asset_hostname", "hostname"),
        ("asset_account", "account"), ("asset_geolocation", "geolocation"), ("asset_application", "application"),
        ("asset_vulnerability", "vulnerability"),
    ]

    let database: Database
    private let addBefore: Statement
    private let addNow: Statement
    let addHolder: Statement
    let forgetCandidate: Statement
    private var read: Set<Int64> = []

    init(_ index: ImportIndex) throws {
        database = index.database
        try database.execute(
            """
            CREATE TABLE edge_before (edge TEXT, asset INTEGER, key TEXT, PRIMARY KEY (edge, asset, key)) WITHOUT ROWID;
            CREATE TABLE edge_now (edge TEXT, asset INTEGER, key TEXT, PRIMARY KEY (edge, asset, key)) WITHOUT ROWID;
            CREATE INDEX edge_before_by_key ON edge_before (edge, key);
            CREATE INDEX edge_now_by_key ON edge_now (edge, key);
            CREATE TABLE candidate (
                edge TEXT, left TEXT, right TEXT, is_off INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (edge, left, right)
            ) WITHOUT ROWID;
            CREATE TABLE holder (
                collection TEXT, key TEXT, asset INTEGER, PRIMARY KEY (collection, key, asset)
            ) WITHOUT ROWID;
            """,
            for: "making the table of changes"
        )
        addBefore = try database.prepare(
            "INSERT OR IGNORE INTO edge_before VALUES (?1, ?2, ?3)",
            for: "adding an edge that was there"
        )
        addNow = try database.prepare(
            "INSERT OR IGNORE INTO edge_now VALUES (?1, ?2, ?3)",
            for: "adding an edge that is there"
        )
        addHolder = try database.prepare(
            "INSERT OR IGNORE INTO holder VALUES (?1, ?2, ?3)",
            for: "noting who has a vertex"
        )
        forgetCandidate = try database.prepare(
            "DELETE FROM candidate WHERE edge = ?1 AND left = ?2 AND right = ?3",
            for: "forgetting a pair"
        )
    }

    /// - Parameter question: For the edges of an asset.
    func add(before question: Question, _ keys: [String]) throws {
        guard let asset = Int64(question.end.key) else { return }
        for key in keys { try run(addBefore, question.edge, asset, key) }
    }

    /// Takes over what was read of the assets in the scope.
    func fillNow(refused: Set<Int64>) throws {
        try database.execute("DELETE FROM edge_now", for: "emptying a table")
        let tables = [
            ("asset_ipaddress", "address"), ("asset_macaddress", "mac"), ("asset_hostname", "hostname"),
            ("asset_account", "username"), ("asset_geolocation", "region"),
        ]
        for (table, column) in tables {
            try database.execute(
                "INSERT INTO edge_now SELECT '\(table)', asset, \(column) FROM \(table) WHERE asset IN scope",
                for: "adding \(table)"
            )
        }
        try database.execute(
            """
            INSERT OR IGNORE INTO edge_now SELECT 'asset_application', asset, id
            FROM asset_application JOIN application ON number = application WHERE name IS NOT NULL AND asset IN scope
            """,
            for: "adding applications"
        )
        let rows = try database.prepare(
            "SELECT asset.id, list FROM asset JOIN detections USING (host) WHERE asset.id IN scope",
            for: "reading detections"
        )
        while try rows.step() {
            let asset = rows.integer(at: 0)
            try DetectionList.forEach(rows.blob(at: 1)) { qid, severity in
                if DetectionList.isSent(severity), !refused.contains(qid) {
                    try run(addNow, "asset_vulnerability", asset, String(qid))
                }
            }
        }
    }

    /// Edges of the assets in the scope that are no more.
    func forEachStale(_ body: (_ edge: String, _ asset: Int64, _ key: String) throws -> Void) throws {
        let rows = try database.prepare(
            """
            SELECT edge, asset, key FROM edge_before WHERE asset IN scope
            EXCEPT SELECT edge, asset, key FROM edge_now ORDER BY edge, asset, key
            """,
            for: "finding edges that are no more"
        )
        while try rows.step() {
            try body(rows.text(at: 0) ?? "", rows.integer(at: 1), rows.text(at: 2) ?? "")
        }
    }

    /// Fills the table `lost`: vertices that an asset had and has no more, and whose members no asset of the scope gives. Of a
    /// vulnerability that is its description.
    func findLost() throws {
        try database.execute(
            """
            DELETE FROM lost;
            INSERT INTO lost SELECT DISTINCT substr(edge, 7), key FROM edge_before b
            WHERE edge IN ('asset_macaddress', 'asset_hostname', 'asset_application', 'asset_vulnerability')
            AND NOT EXISTS (SELECT 1 FROM edge_now n WHERE n.edge = b.edge AND n.asset = b.asset AND n.key = b.key)
            AND NOT EXISTS (
                SELECT 1 FROM edge_now n WHERE n.edge = b.edge AND n.key = b.key AND (
                    n.edge <> 'asset_vulnerability'
                        OR (SELECT description FROM vulnerability WHERE qid = n.key) IS NOT NULL
                )
            );
            """,
            for: "finding vertices that lost an asset"
        )
    }

    func lost(_ collection: String) throws -> [String] {
        try list("SELECT key FROM lost WHERE collection = ?1 ORDER BY key", [collection])
    }

    func addToScope(_ assets: some Sequence<Int64>) throws {
        let add = try database.prepare("INSERT OR IGNORE INTO scope VALUES (?1)", for: "adding an asset to the scope")
        for asset in assets {
            add.bind(1, asset)
            try add.run()
        }
        // The detections of a host are those of all its assets.
        try database.execute(
            "INSERT OR IGNORE INTO scope SELECT id FROM asset WHERE host IN (SELECT host FROM asset WHERE id IN scope)",
            for: "adding assets of the same host"
        )
    }

    /// The assets of the scope whose truth was not read yet.
    func takeUnread() throws -> [Int64] {
        let rows = try database.prepare("SELECT asset FROM scope ORDER BY asset", for: "listing the scope")
        var found: [Int64] = []
        while try rows.step() { if read.insert(rows.integer(at: 0)).inserted { found.append(rows.integer(at: 0)) } }
        return found
    }

    private func run(_ statement: Statement, _ edge: String, _ asset: Int64, _ key: String) throws {
        statement.bind(1, edge)
        statement.bind(2, asset)
        statement.bind(3, key)
        try statement.run()
    }

    func list(_ sql: String, _ values: [String]) throws -> [String] {
        let rows = try database.prepare(sql, for: "listing pairs")
        for (index, value) in values.enumerated() { rows.bind(index + 1, value) }
        var found: [String] = []
        while try rows.step() { found.append(rows.text(at: 0) ?? "") }
        return found
    }
}
