import CSQLite

/// A SQLite database that is open. It belongs to one task at a time.
package final class Database {
    package enum Mode: Sendable {
        case readOnly
        case readWrite
        /// Made when it is not there.
        case create

        fileprivate var flags: Int32 {
            switch self {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        }
    }

    private var handle: OpaquePointer?

    /// - Parameters:
    ///   - path: A file, or `:memory:`.
    ///   - busyTimeout: How long to wait for another connection that holds the database.
    package init(path: String, mode: Mode, busyTimeout: Duration = .seconds(5)) throws(SQLiteError) {
        // No locks of SQLite's own: one task uses it at a time.
        let code = sqlite3_open_v2(path, &handle, mode.flags | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK else {
            let error = error(code, "opening the database")
            sqlite3_close_v2(handle)
            throw error
        }
        sqlite3_extended_result_codes(handle, 1)
        let milliseconds = busyTimeout / .milliseconds(1)
        sqlite3_busy_timeout(handle, Int32(min(max(milliseconds, 0), Double(Int32.max))))
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    /// Closes the database, and fails when statements are left or its last bytes cannot be written.
    package func close() throws(SQLiteError) {
        let code = sqlite3_close(handle)
        guard code == SQLITE_OK else { throw error(code, "closing the database") }
        handle = nil
    }

    /// Runs SQL of one or many statements, whose rows are passed over: schema and pragmas.
    ///
    /// - Parameter purpose: What it is for, for the text of an error: `making the tables`.
    package func execute(_ sql: String, for purpose: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, purpose) }
    }

    /// Compiles a statement, to run it many times.
    ///
    /// - Parameter purpose: What it is for, for the text of an error: `adding a finding`.
    package func prepare(_ sql: String, for purpose: String) throws(SQLiteError) -> Statement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK else { throw error(code, purpose) }
        guard let statement else { throw SQLiteError(SQLITE_MISUSE, purpose: purpose, detail: "no statement") }
        return Statement(statement, of: self, for: purpose)
    }

    /// Does all of `body` or nothing: what it throws takes back what it wrote. Not one within another.
    package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        try execute("BEGIN IMMEDIATE", for: "beginning a transaction")
        do {
            let result = try body()
            try execute("COMMIT", for: "committing a transaction")
            return result
        } catch {
            // Some errors have rolled back already (https://www.sqlite.org/lang_transaction.html).
            if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
            throw error
        }
    }

    /// The first column of the first row as a whole number; nil when there is no row, or null.
    package func integer(_ sql: String, for purpose: String) throws(SQLiteError) -> Int64? {
        let statement = try prepare(sql, for: purpose)
        return try statement.step() && !statement.isNull(at: 0) ? statement.integer(at: 0) : nil
    }

    /// The first column of the first row as a text; nil when there is no row, or null.
    package func text(_ sql: String, for purpose: String) throws(SQLiteError) -> String? {
        let statement = try prepare(sql, for: purpose)
        return try statement.step() ? statement.text(at: 0) : nil
    }

    /// How many rows the last INSERT, UPDATE or DELETE changed.
    package var changes: Int64 { sqlite3_changes64(handle) }

    /// The row id of the last row that was inserted.
    package var lastInsertedID: Int64 { sqlite3_last_insert_rowid(handle) }

    func error(_ code: Int32, _ purpose: String) -> SQLiteError {
        SQLiteError(code, purpose: purpose, detail: handle.map { String(cString: sqlite3_errmsg($0)) })
    }
}
