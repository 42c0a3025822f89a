import Jobs
import SQLite
import Support

/// The tables of a database as CSV (RFC 4180) with a line of names, all fields in quotes.
struct CSVFile {
    /// Longer fields are cut: programs that load CSV have limits.
    static let longestField = 2_000_000

    /// The path of a database that is complete.
    let database: String

    /// Writes a table, packed with gzip.
    func pack(_ table: SnapshotTable, to path: String) throws -> JobContent {
        let names = table.columns.map(\.name)
        let source = try Database(path: database, mode: .readOnly)
        let rows = try source.prepare(
            "SELECT \(names.joined(separator: ", ")) FROM \(table.name) ORDER BY \(table.key)",
            for: "reading \(table.name)"
        )
        return try packGzip(to: path) { write in
            var line: [UInt8] = []
            for (column, name) in names.enumerated() {
                Array(name.utf8).withUnsafeBytes { append($0, at: column, to: &line) }
            }
            try end(&line, write)
            while try rows.step() {
                for column in names.indices {
                    rows.withUTF8(at: column) { append($0, at: column, to: &line) }
                }
                try end(&line, write)
            }
        }
    }

    private func append(_ text: UnsafeRawBufferPointer, at column: Int, to line: inout [UInt8]) {
        if column > 0 { line.append(UInt8(ascii: ",")) }
        line.append(UInt8(ascii: "\""))
        for byte in text.prefix(cut(text)) {
            if byte == UInt8(ascii: "\"") { line.append(byte) }
            line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
    }

    /// Where a text is cut: never within a character.
    private func cut(_ text: UnsafeRawBufferPointer) -> Int {
        guard text.count > Self.longestField else { return text.count }
        var end = Self.longestField
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    private func end(_ line: inout [UInt8], _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
        line.append(UInt8(ascii: "\n"))
        try line.withUnsafeBytes(write)
        line.removeAll(keepingCapacity: true)
    }
}
