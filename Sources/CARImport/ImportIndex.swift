import SQLite

/// What was read of Qualys, joined on the disk: a table for each collection of the graph, in the key forms of CAR, and the
/// detections of each host as one packed list. It is in the run's scratch folder and goes away with it.
final class ImportIndex {
    let database: Database
    private let refusal: Statement

    /// - Parameter path: A file that is not there yet.
    init(path: String) throws {
        database = try Database(path: path, mode: .create)
        // It is never used again after a crash, so nothing has to be safe on the disk.
        try database.execute(
            """
            PRAGMA page_size = 8192; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
            """,
            for: "opening the index"
        )
        try database.execute(Self.tables, for: "making the index")
        refusal = try database.prepare("INSERT OR IGNORE INTO refused VALUES (?1, ?2)", for: "noting what is refused")
    }

    /// Does all of `body` or nothing.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try database.transaction(body)
    }

    /// Counts what is not sent: it lacks a required member or does not fit its pattern.
    func refuse(_ collection: String, _ key: String) throws {
        refusal.bind(1, collection)
        refusal.bind(2, key)
        try refusal.run()
    }

    /// QIDs whose vertex is not sent, and so no edge either.
    func refusedQIDs() throws -> Set<Int64> {
        let rows = try database.prepare("SELECT qid FROM refused_qid", for: "listing refused QIDs")
        var found: Set<Int64> = []
        while try rows.step() { found.insert(rows.integer(at: 0)) }
        return found
    }

    /// Names and keys as in CAR. `asset` columns are HostAsset ids; `..._asset` are the assets that gave a member of a
    /// shared vertex: the lowest holds. `scope` has the assets that an incremental import sends, and `lost` the vertices
    /// that one of them had and has no more, whose members have to be another's now.
    private static let tables = """
        CREATE TABLE asset (id INTEGER PRIMARY KEY, host TEXT, name TEXT, asset_type TEXT, description TEXT);
        CREATE INDEX asset_by_host ON asset (host);
        CREATE TABLE macaddress (key TEXT PRIMARY KEY, interface TEXT, interface_asset INTEGER) WITHOUT ROWID;
        CREATE TABLE hostname (
            key TEXT PRIMARY KEY, host_name TEXT, host_name_asset INTEGER, external_id TEXT, external_id_asset INTEGER
        ) WITHOUT ROWID;
        CREATE TABLE application (number INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, name_asset INTEGER);
        CREATE TABLE product (number INTEGER PRIMARY KEY, name TEXT UNIQUE);
        CREATE TABLE vulnerability (
            qid INTEGER PRIMARY KEY, description TEXT, severity INTEGER,
            title TEXT, cve_ids TEXT, cvss2 REAL, cvss3 REAL, diagnosis TEXT, consequence TEXT, solution TEXT,
            is_looked_up INTEGER NOT NULL DEFAULT 0,
            base_score REAL AS (
                iif(cvss2 IS NULL AND cvss3 IS NULL, severity * 2.0, max(coalesce(cvss2, cvss3), coalesce(cvss3, cvss2)))
            )
        );
        CREATE VIEW refused_qid AS SELECT qid FROM vulnerability WHERE base_score NOT BETWEEN 0 AND 10;
        CREATE TABLE asset_ipaddress (asset INTEGER, address TEXT, PRIMARY KEY (asset, address)) WITHOUT ROWID;
        CREATE INDEX asset_by_address ON asset_ipaddress (address);
        CREATE TABLE asset_macaddress (asset INTEGER, mac TEXT, PRIMARY KEY (asset, mac)) WITHOUT ROWID;
        CREATE TABLE asset_hostname (asset INTEGER PRIMARY KEY, hostname TEXT);
        CREATE TABLE asset_account (asset INTEGER, username TEXT, PRIMARY KEY (asset, username)) WITHOUT ROWID;
        CREATE TABLE asset_geolocation (asset INTEGER, region TEXT, PRIMARY KEY (asset, region)) WITHOUT ROWID;
        CREATE TABLE asset_application (
            asset INTEGER, application INTEGER, product INTEGER, PRIMARY KEY (asset, application, product)
        ) WITHOUT ROWID;
        CREATE TABLE interface (asset INTEGER, address TEXT, mac TEXT, PRIMARY KEY (asset, address, mac)) WITHOUT ROWID;
        CREATE TABLE application_vulnerability (
            application INTEGER, qid INTEGER, PRIMARY KEY (application, qid)
        ) WITHOUT ROWID;
        CREATE TABLE detections (host TEXT PRIMARY KEY, list BLOB) WITHOUT ROWID;
        CREATE TABLE refused (collection TEXT, key TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID;
        CREATE TABLE scope (asset INTEGER PRIMARY KEY);
        CREATE TABLE lost (collection TEXT, key TEXT, PRIMARY KEY (collection, key)) WITHOUT ROWID;
        """
}
