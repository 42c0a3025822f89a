import Support
import TestSupport
import Testing

@testable import SQLite

@Suite(.timeLimit(.minutes(2))) struct SQLiteTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func memory() throws -> Database { try Database(path: ":memory:", mode: .create) }

    @Test func `Python reads what is written here`() async throws {
        let path = folder.path + "/ours.db"
        var random = SeededGenerator(seed: 2026)
        var lines: [String] = []
        do {
            let database = try Database(path: path, mode: .create)
            try database.execute("CREATE TABLE pairs (one, two)", for: "making the table")
            let add = try database.prepare("INSERT INTO pairs VALUES (?1, ?2)", for: "adding a pair")
            try database.transaction {
                for _ in 0..<2000 {
                    lines.append(bindRandom(add, 1, &random) + " " + bindRandom(add, 2, &random))
                    try add.run()
                }
            }
        }
        let output = try await Python.output(of: "sqlite_peer.py", ["read", path], beside: #filePath)
        #expect(String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init) == lines)
    }

    @Test func `What Python writes is read here`() async throws {
        let path = folder.path + "/python.db"
        let output = try await Python.output(of: "sqlite_peer.py", ["write", path, "21", "2000"], beside: #filePath)
        let database = try Database(path: path, mode: .readOnly)
        let pairs = try database.prepare("SELECT one, two FROM pairs ORDER BY rowid", for: "reading the pairs")
        var lines: [String] = []
        while try pairs.step() { lines.append(said(pairs, 0) + " " + said(pairs, 1)) }
        #expect(lines.count == 2000)
        #expect(String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init) == lines)
    }

    private func bindRandom(_ statement: Statement, _ parameter: Int, _ random: inout SeededGenerator) -> String {
        let length = [0, 1, 10, 3000][Int.random(in: 0..<4, using: &random)]
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            statement.bindNull(parameter)
            return "n"
        case 1:
            // Not bound at all.
            return "n"
        case 2:
            let number = Int64.random(in: .min ... .max, using: &random)
            statement.bind(parameter, number)
            return "i:\(number)"
        case 3:
            let number = Double.random(in: -1e9...1e9, using: &random)
            statement.bind(parameter, number)
            return "r:" + String(number.bitPattern, radix: 16)
        case 4:
            let letters = Array("aZ'\"\0\näß日😀;?")
            let text = String((0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
            statement.bind(parameter, text)
            return "t:" + hexText(Array(text.utf8))
        default:
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes.withUnsafeBytes { statement.bind(parameter, blob: $0) }
            return "b:" + hexText(bytes)
        }
    }

    private func said(_ row: Statement, _ column: Int) -> String {
        switch row.kind(at: column) {
        case .null: "n"
        case .integer: "i:\(row.integer(at: column))"
        case .double: "r:" + String(row.double(at: column).bitPattern, radix: 16)
        case .text: "t:" + hexText(row.withUTF8(at: column) { Array($0) } ?? [])
        case .blob: "b:" + hexText(row.blob(at: column))
        }
    }

    @Test func `A statement forgets between runs what was bound`() throws {
        let database = try memory()
        let echo = try database.prepare("SELECT ?1, ?2", for: "echoing")
        echo.bind(1, "one")
        echo.bind(2, 2 as Int64?)
        #expect(try echo.step())
        #expect(echo.text(at: 0) == "one")
        #expect(echo.integer(at: 1) == 2)
        echo.reset()
        echo.bind(2, "")
        #expect(try echo.step())
        #expect(echo.isNull(at: 0))
        #expect(echo.text(at: 1) == "")
        #expect(try !echo.step())
        echo.bind(1, String?.none)
        echo.bind(2, Double?.none)
        #expect(try echo.step())
        #expect(echo.isNull(at: 0) && echo.isNull(at: 1))
    }

    @Test func `A transaction that fails leaves nothing, and the next one goes through`() throws {
        struct Fault: Error {}
        let database = try memory()
        try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)", for: "making the table")
        #expect(throws: Fault.self) {
            try database.transaction {
                try database.execute("INSERT INTO t VALUES (1, 'a')", for: "adding")
                throw Fault()
            }
        }
        #expect(try database.integer("SELECT count(*) FROM t", for: "counting") == 0)
        try database.transaction { try database.execute("INSERT INTO t VALUES (7, 'b')", for: "adding") }
        #expect(database.changes == 1)
        #expect(database.lastInsertedID == 7)
        #expect(try database.text("SELECT name FROM t", for: "reading") == "b")
        #expect(try database.text("SELECT name FROM t WHERE id = 8", for: "reading") == nil)
    }

    @Test func `An error names the purpose and the code, and no value`() throws {
        let database = try memory()
        try database.execute("CREATE TABLE t (id TEXT PRIMARY KEY)", for: "making the table")
        let add = try database.prepare("INSERT INTO t VALUES (?1)", for: "adding a scan")
        add.bind(1, "secret-value")
        try add.run()
        add.bind(1, "secret-value")
        let fault = #expect(throws: SQLiteError.self) { try add.run() }
        #expect(fault?.label == "SQLite.Constraint")
        #expect(
            fault?.description == "SQLite failed in adding a scan: UNIQUE constraint failed: t.id (code 1555)."
        )
        // It can be run again.
        add.bind(1, "other")
        try add.run()
        #expect(try database.integer("SELECT count(*) FROM t", for: "counting") == 2)
    }

    @Test func `What is not SQL is told when it is compiled`() throws {
        let database = try memory()
        let fault = #expect(throws: SQLiteError.self) { try database.prepare("SELEKT", for: "reading findings") }
        #expect(fault?.label == "SQLite.Error")
        #expect(fault?.purpose == "reading findings")
        #expect(throws: SQLiteError.self) { try database.prepare("-- nothing", for: "nothing") }
        #expect(throws: SQLiteError.self) { try database.execute("CREATE TABLE", for: "making the tables") }
    }

    @Test func `A database that is not there, or is none, is told`() throws {
        let missing = #expect(throws: SQLiteError.self) {
            try Database(path: folder.path + "/none.db", mode: .readOnly)
        }
        #expect(missing?.label == "SQLite.CannotOpen")
        let path = try folder.write("text.db", Array(String(repeating: "no database. ", count: 100).utf8))
        let database = try Database(path: path, mode: .readWrite)
        let corrupt = #expect(throws: SQLiteError.self) {
            try database.integer("SELECT count(*) FROM sqlite_master", for: "looking")
        }
        #expect(corrupt?.label == "SQLite.Corrupt")
    }

    @Test func `A database that another holds is waited for no longer than allowed`() throws {
        let path = folder.path + "/shared.db"
        let one = try Database(path: path, mode: .create)
        let other = try Database(path: path, mode: .create, busyTimeout: .zero)
        try one.execute("CREATE TABLE t (id)", for: "making the table")
        try one.transaction {
            let fault = #expect(throws: SQLiteError.self) { try other.transaction {} }
            #expect(fault?.isBusy == true)
            #expect(fault?.label == "SQLite.Busy")
        }
        try other.transaction {}
    }

    @Test func `Closing tells of statements that are left`() throws {
        let database = try memory()
        do {
            let left = try database.prepare("SELECT 1", for: "reading")
            #expect(try left.step())
            #expect(throws: SQLiteError.self) { try database.close() }
            #expect(left.integer(at: 0) == 1)
        }
        try database.close()
        #expect(throws: SQLiteError.self) { try database.prepare("SELECT 1", for: "reading") }
    }

    @Test func `A statement keeps its database open`() throws {
        let statement = try memory().prepare("SELECT 42 AS answer", for: "reading")
        #expect(try statement.step())
        #expect(statement.integer(at: 0) == 42)
        #expect(statement.columnCount == 1)
        #expect(statement.columnName(at: 0) == "answer")
    }
}
