import Support

/// A row of `Q_WAS_Status`: how far a table is.
struct LoadStatus: Sendable {
    static let table = "Q_WAS_Status"

    /// The row that a complete database has.
    static let whole = "ALL_TABLES_LOADED_SUCCESSFULLY"

    enum Stage: String, Sendable {
        case begin = "BEGIN LOADING BATCH"
        case end = "END LOADING BATCH"
        case final = "FINAL BATCH LOADED"
    }

    let name: String

    /// The last batch that was written.
    var batch: String
    var stage = Stage.begin
    var rows = 0

    /// What Qualys did not give, on the row of the whole.
    var missing: [String] = []

    init(name: String, batch: String) {
        self.name = name
        self.batch = batch
    }

    static let definition = """
        CREATE TABLE IF NOT EXISTS \(table) (STATUS_NAME TEXT PRIMARY KEY NOT NULL, STATUS_DETAIL TEXT,
        LAST_BATCH_PROCESSED TEXT, Row_Last_Updated TEXT)
        """
    static let insertion = "INSERT OR REPLACE INTO \(table) VALUES (?1, ?2, ?3, ?4)"

    /// `STATUS_DETAIL`, a JSON object.
    func detail(run: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("BATCH_DATE", run.databaseText)
            json.member("BATCH_NUMBER", batch)
            json.member("STATUS", stage.rawValue)
            json.member("TOTAL_ROWS_ADDED", rows)
            json.member("LOG_WORKFLOW_DATE", String(run.databaseText.filter(\.isNumber)))
            json.member("LOG_WORKFLOW_NAME", "was_etl_workflow")
            if !missing.isEmpty {
                json.key("MISSING")
                json.array { json in
                    for each in missing { json.value(each) }
                }
            }
        }
        return json.bytes
    }
}
