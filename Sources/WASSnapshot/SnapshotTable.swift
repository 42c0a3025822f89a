import Support

/// A table of the database: which columns it has, of what type, and what of a record each holds.
struct SnapshotTable: Sendable {
    struct Column: Sendable {
        let name: String
        let isInteger: Bool
        let source: Source

        /// Whether times in it are written as SQLite's date functions take them.
        let isDate: Bool
    }

    enum Source: Sendable, Equatable {
        /// A member of the record.
        case member(String)
        /// A member of the record's `webApp`.
        case webApp(String)
        case batchDate
        case batchNumber
        case lastUpdated
        /// All members of the record that no column holds, as a JSON object.
        case others
    }

    let name: String
    let columns: [Column]

    /// What stands after the columns: foreign keys.
    let constraints: [String]

    let indexes: [(name: String, columns: String)]

    /// - Parameters:
    ///   - columns: With commas between them, the key first: `id INTEGER`, `name`, `group_0 = group`. A name is that of the
    ///     member, too, when nothing else is said.
    ///   - added: Further ones, which the tables had not before: at the end, so that every other column keeps its place.
    ///   - dates: What the names of columns with times have in them.
    init(
        _ name: String,
        _ columns: String,
        added: String = "",
        dates: String,
        constraints: [String] = [],
        indexes: [(name: String, columns: String)] = []
    ) {
        self.name = name
        self.constraints = constraints
        self.indexes = indexes
        let written = [columns, "BATCH_DATE, BATCH_NUMBER, Row_Last_Updated", added].joined(separator: ",")
        self.columns =
            written.split(separator: ",")
            .map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
            .filter { !$0.isEmpty }
            .map { Column($0, dates: dates) }
    }

    var key: String { columns[0].name }

    /// The statement that makes it.
    var definition: String {
        let columns = columns.enumerated().map { place, column in
            "\(column.name) \(column.isInteger ? "INTEGER" : "TEXT")" + (place == 0 ? " PRIMARY KEY NOT NULL" : "")
        }
        return "CREATE TABLE IF NOT EXISTS \(name) (\((columns + constraints).joined(separator: ", ")))"
    }

    /// The statement that adds a row.
    ///
    /// - Parameter replacing: Whether it takes the place of one with the same key; else the first one stays.
    func insertion(replacing: Bool) -> String {
        let values = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        return "INSERT OR \(replacing ? "REPLACE" : "IGNORE") INTO \(name) VALUES (\(values))"
    }

    /// The place of a column, from 1 on, as a parameter of `insertion`.
    func parameter(of source: Source) -> Int? {
        columns.firstIndex { $0.source == source }.map { $0 + 1 }
    }
}

extension SnapshotTable.Column {
    /// - Parameter words: `name`, `name INTEGER`, `name = source`, `name INTEGER = source`.
    fileprivate init(_ words: [String], dates: String) {
        name = words[0]
        isInteger = words.contains("INTEGER")
        isDate = words[0].contains(text: dates)
        let said = words.firstIndex(of: "=").map { words[$0 + 1] } ?? words[0]
        source =
            switch said {
            case "BATCH_DATE": .batchDate
            case "BATCH_NUMBER": .batchNumber
            case "Row_Last_Updated": .lastUpdated
            case "otherFields": .others
            case _ where said.hasPrefix("webApp."): .webApp(String(said.dropFirst("webApp.".count)))
            default: .member(said)
            }
    }
}
