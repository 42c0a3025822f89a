import CSQLite
import Support

/// What SQLite could not do. It names what the statement was for, never a value that was bound to it.
package struct SQLiteError: Failure, Equatable {
    /// An extended result code (https://www.sqlite.org/rescode.html).
    package let code: Int32

    /// What the call was for: `adding a finding`.
    package let purpose: String

    /// What SQLite said of it.
    package let detail: String

    init(_ code: Int32, purpose: String, detail: String? = nil) {
        self.code = code
        self.purpose = purpose
        self.detail = detail ?? String(cString: sqlite3_errstr(code))
    }

    /// The result code without its extension.
    package var primaryCode: Int32 { code & 0xFF }

    /// Another connection holds the database.
    package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

    package var label: String {
        switch primaryCode {
        case SQLITE_BUSY, SQLITE_LOCKED: "SQLite.Busy"
        case SQLITE_CONSTRAINT: "SQLite.Constraint"
        case SQLITE_FULL: "SQLite.Full"
        case SQLITE_IOERR: "SQLite.IO"
        case SQLITE_CORRUPT, SQLITE_NOTADB: "SQLite.Corrupt"
        case SQLITE_CANTOPEN: "SQLite.CannotOpen"
        case SQLITE_READONLY: "SQLite.ReadOnly"
        default: "SQLite.Error"
        }
    }

    package var description: String { "SQLite failed in \(purpose): \(detail) (code \(code))." }
}
