import CSQLite

/// A statement that is compiled once and run many times. It belongs to the task of its database, and keeps that open.
///
///     let add = try database.prepare("INSERT INTO finding VALUES (?1, ?2)", for: "adding a finding")
///     for finding in findings {
///         add.bind(1, finding.id)
///         finding.name.withUTF8 { add.bind(2, utf8: $0) }
///         try add.run()
///     }
///
/// A parameter that is not bound is null. Bytes are copied into one buffer that is used again for every run, so that
/// nothing has to outlive a call and no run allocates.
package final class Statement {
    private enum Value {
        case null
        case integer(Int64)
        case double(Double)
        case text(Range<Int>)
        case blob(Range<Int>)
    }

    private let database: Database
    private let handle: OpaquePointer
    private let purpose: String
    private var values: [Value]
    private var isRunning = false

    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 1)
    private var byteCount = 0

    init(_ handle: OpaquePointer, of database: Database, for purpose: String) {
        self.handle = handle
        self.database = database
        self.purpose = purpose
        values = Array(repeating: .null, count: Int(sqlite3_bind_parameter_count(handle)))
    }

    deinit {
        sqlite3_finalize(handle)
        bytes.deallocate()
    }

    // Parameters count from 1, as in SQL. They are bound before a run, not while it gives rows.

    package func bind(_ parameter: Int, _ number: Int64?) {
        set(parameter, number.map(Value.integer) ?? .null)
    }

    package func bind(_ parameter: Int, _ number: Double?) {
        set(parameter, number.map(Value.double) ?? .null)
    }

    package func bind(_ parameter: Int, _ text: String?) {
        guard var text else { return set(parameter, .null) }
        text.withUTF8 { bind(parameter, utf8: UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter utf8: A text. Only UTF-8 is one to SQLite, which does not check it.
    package func bind(_ parameter: Int, utf8: UnsafeRawBufferPointer) {
        set(parameter, .text(append(utf8)))
    }

    package func bind(_ parameter: Int, blob: UnsafeRawBufferPointer) {
        set(parameter, .blob(append(blob)))
    }

    package func bindNull(_ parameter: Int) {
        set(parameter, .null)
    }

    /// Runs to the end, passing over rows, and is ready for the next run.
    package func run() throws(SQLiteError) {
        while try step() {}
    }

    /// Goes to the next row. False at the end; then, and after an error, the statement is ready for the next run.
    package func step() throws(SQLiteError) -> Bool {
        if !isRunning { try begin() }
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        defer { reset() }
        guard code == SQLITE_DONE else { throw database.error(code, purpose) }
        return false
    }

    /// Ends a run before its last row, and forgets what was bound.
    package func reset() {
        // It says again what the last step said.
        sqlite3_reset(handle)
        isRunning = false
        byteCount = 0
        for index in values.indices { values[index] = .null }
    }

    // Columns count from 0. They are read after `step` was true.

    package var columnCount: Int { Int(sqlite3_column_count(handle)) }

    package func columnName(at column: Int) -> String {
        sqlite3_column_name(handle, Int32(column)).map { String(cString: $0) } ?? ""
    }

    package func kind(at column: Int) -> SQLiteKind {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .double
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .blob
        default: .null
        }
    }

    package func isNull(at column: Int) -> Bool { kind(at: column) == .null }

    /// 0 for null.
    package func integer(at column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

    /// 0 for null.
    package func double(at column: Int) -> Double { sqlite3_column_double(handle, Int32(column)) }

    /// Nil for null.
    package func text(at column: Int) -> String? {
        withUTF8(at: column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives the UTF-8 of a text to a closure, within which it is valid. Nil for null.
    package func withUTF8<Result>(
        at column: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard let text = sqlite3_column_text(handle, Int32(column)) else { return nil }
        // The text first: it may be made of a number, and the length is its (https://www.sqlite.org/c3ref/column_blob.html).
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return try body(UnsafeRawBufferPointer(start: text, count: count))
    }

    /// Empty for null.
    package func blob(at column: Int) -> [UInt8] {
        let start = sqlite3_column_blob(handle, Int32(column))
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(column)))))
    }

    private func set(_ parameter: Int, _ value: Value) {
        precondition(!isRunning, "a parameter is bound while the statement gives rows")
        values[parameter - 1] = value
    }

    private func append(_ piece: UnsafeRawBufferPointer) -> Range<Int> {
        let range = byteCount..<(byteCount + piece.count)
        if range.upperBound > bytes.count { grow(to: range.upperBound) }
        UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyMemory(from: piece)
        byteCount = range.upperBound
        return range
    }

    private func grow(to count: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 2 * bytes.count), alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<byteCount]))
        bytes.deallocate()
        bytes = larger
    }

    /// Binds everything at once: only now is it known where the bytes stay. They stay until the next run begins, which
    /// binds everything anew.
    private func begin() throws(SQLiteError) {
        for (index, value) in values.enumerated() {
            let parameter = Int32(index + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, parameter)
                case .integer(let number): sqlite3_bind_int64(handle, parameter, number)
                case .double(let number): sqlite3_bind_double(handle, parameter, number)
                case .text(let range):
                    sqlite3_bind_text64(
                        handle,
                        parameter,
                        start(range)?.assumingMemoryBound(to: CChar.self),
                        UInt64(range.count),
                        nil,
                        UInt8(SQLITE_UTF8)
                    )
                case .blob(let range):
                    sqlite3_bind_blob64(handle, parameter, start(range), UInt64(range.count), nil)
                }
            guard code == SQLITE_OK else {
                let error = database.error(code, purpose)
                reset()
                throw error
            }
        }
        isRunning = true
    }

    /// Never nil, which would be null.
    private func start(_ range: Range<Int>) -> UnsafeMutableRawPointer? {
        bytes.baseAddress.map { $0 + range.lowerBound }
    }
}

/// What a column holds.
package enum SQLiteKind: Sendable {
    case null, integer, double, text, blob
}
