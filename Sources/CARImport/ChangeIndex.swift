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

    /// Edges that are there because an asset has both ends, in CAR's key forms.
    struct Pairing {
        let edge: String
        let left: String
        let right: String
    }

    static let pairings = [
        Pairing(edge: "ipaddress_vulnerability", left: "ipaddress", right: "vulnerability"),
        Pairing(edge: "ipaddress_macaddress", left: "ipaddress", right: "macaddress"),
        Pairing(edge: "application_vulnerability", left: "application", right: "vulnerability"),
    ]

    let database: Database
    private let addBefore: Statement
    private let addNow: Statement
    private var read: Set<Int64> = []

    init(_ index: ImportIndex) throws {
        database = index.database
        try database.execute(
            """
            CREATE TABLE edge_before (edge TEXT, asset INTEGER, key TEXT, PRIMARY KEY (edge, asset, key)) WITHOUT ROWID;
            CREATE TABLE edge_now (edge TEXT, asset INTEGER, key TEXT, PRIMARY KEY (edge, asset, key)) WITHOUT ROWID;
            CREATE INDEX edge_now_by_key ON edge_now (edge, key);
            CREATE TABLE candidate (
                edge TEXT, left TEXT, right TEXT, is_off INTEGER, PRIMARY KEY (edge, left, right)
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
    }

    func add(before edge: String, _ asset: Int64, _ keys: [String]) throws {
        for key in keys { try run(addBefore, edge, asset, key) }
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

    /// Pairs that an asset had and has no more, and that no asset of the scope has.
    func findCandidates(_ pairing: Pairing) throws {
        try database.execute(
            """
            INSERT OR IGNORE INTO candidate SELECT '\(pairing.edge)', l.key, r.key, 0
            FROM edge_before l JOIN edge_before r ON r.asset = l.asset AND r.edge = 'asset_\(pairing.right)'
            WHERE l.edge = 'asset_\(pairing.left)'
            AND NOT EXISTS (
                SELECT 1 FROM edge_now a JOIN edge_now b ON b.asset = a.asset AND b.edge = r.edge AND b.key = r.key
                WHERE a.edge = l.edge AND a.key = l.key
            )
            """,
            for: "finding pairs that are no more"
        )
    }

    func lefts(of edge: String) throws -> [String] {
        try list("SELECT DISTINCT left FROM candidate WHERE edge = ?1 ORDER BY 1", [edge])
    }

    func rights(of edge: String, left: String) throws -> [String] {
        try list("SELECT right FROM candidate WHERE edge = ?1 AND left = ?2 ORDER BY 1", [edge, left])
    }

    /// What stays a candidate after CAR was asked for the edges of its left end.
    func keep(_ edge: String, left: String, _ active: Set<String>) throws {
        let remove = try database.prepare(
            "DELETE FROM candidate WHERE edge = ?1 AND left = ?2 AND right = ?3",
            for: "forgetting a pair"
        )
        for right in try rights(of: edge, left: left) where !active.contains(right) {
            remove.bind(1, edge)
            remove.bind(2, left)
            remove.bind(3, right)
            try remove.run()
        }
    }

    func markOff(_ edge: String, left: String, right: String) throws {
        let mark = try database.prepare(
            "UPDATE candidate SET is_off = 1 WHERE edge = ?1 AND left = ?2 AND right = ?3",
            for: "marking a pair"
        )
        mark.bind(1, edge)
        mark.bind(2, left)
        mark.bind(3, right)
        try mark.run()
    }

    /// The candidates, those with the same right end together.
    func candidates(of edge: String) throws -> [(left: String, right: String)] {
        try pairs("SELECT left, right FROM candidate WHERE edge = ?1 ORDER BY right, left", edge)
    }

    func pairsToSwitchOff(of edge: String) throws -> [(left: String, right: String)] {
        try pairs("SELECT left, right FROM candidate WHERE edge = ?1 AND is_off ORDER BY left, right", edge)
    }

    /// Unchanged assets with an address or a MAC address: Qualys told all of them.
    func unchanged(with column: String, in table: String, _ key: String) throws -> Set<Int64> {
        let rows = try database.prepare(
            "SELECT asset FROM \(table) WHERE \(column) = ?1 AND asset NOT IN scope",
            for: "finding who has an address"
        )
        rows.bind(1, key)
        var found: Set<Int64> = []
        while try rows.step() { found.insert(rows.integer(at: 0)) }
        return found
    }

    /// Those of some assets that Qualys lists and that are not in the scope.
    func unchanged(_ assets: [Int64]) throws -> Set<Int64> {
        let row = try database.prepare(
            "SELECT 1 FROM asset WHERE id = ?1 AND id NOT IN scope",
            for: "finding an asset"
        )
        var found: Set<Int64> = []
        for asset in assets {
            row.bind(1, asset)
            if try row.step() { found.insert(asset) }
            row.reset()
        }
        return found
    }

    private func run(_ statement: Statement, _ edge: String, _ asset: Int64, _ key: String) throws {
        statement.bind(1, edge)
        statement.bind(2, asset)
        statement.bind(3, key)
        try statement.run()
    }

    private func list(_ sql: String, _ values: [String]) throws -> [String] {
        let rows = try database.prepare(sql, for: "listing pairs")
        for (index, value) in values.enumerated() { rows.bind(index + 1, value) }
        var found: [String] = []
        while try rows.step() { found.append(rows.text(at: 0) ?? "") }
        return found
    }

    private func pairs(_ sql: String, _ edge: String) throws -> [(left: String, right: String)] {
        let rows = try database.prepare(sql, for: "listing pairs")
        rows.bind(1, edge)
        var found: [(String, String)] = []
        while try rows.step() { found.append((rows.text(at: 0) ?? "", rows.text(at: 1) ?? "")) }
        return found
    }
}
