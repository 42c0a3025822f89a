import JSONStream
import SQLite

/// Where rows come from, as their last columns say.
struct RowBatch: Sendable {
    /// The start of the run: `2026-11-21 03:00:00`.
    let date: String

    /// Of the page: `000001`, with the web application where it is of one.
    let number: String

    /// When the row was written.
    let written: String
}

/// Writes the rows of one table.
final class RowWriter {
    private let table: SnapshotTable
    private let statement: Statement
    private let database: Database
    private let members: MemberNames
    private let memberParameters: [Int]
    private let lifted: [(member: String, parameter: Int)]
    private let webAppID: Int?
    private let others: Int?
    private let batch: (date: Int?, number: Int?, written: Int?)
    private var rules = FieldRules()
    private var otherFields: [UInt8] = []

    init(_ table: SnapshotTable, in database: Database, replacing: Bool) throws(SQLiteError) {
        self.table = table
        self.database = database
        statement = try database.prepare(table.insertion(replacing: replacing), for: "adding to \(table.name)")
        var names: [String] = []
        var parameters: [Int] = []
        var lifted: [(member: String, parameter: Int)] = []
        for (place, column) in table.columns.enumerated() {
            switch column.source {
            case .member(let name):
                names.append(name)
                parameters.append(place + 1)
            case .webApp("id"): break
            case .webApp(let name): lifted.append((name, place + 1))
            case .batchDate, .batchNumber, .lastUpdated, .others: break
            }
        }
        members = MemberNames(names)
        memberParameters = parameters
        self.lifted = lifted
        webAppID = table.parameter(of: .webApp("id"))
        others = table.parameter(of: .others)
        batch = (
            table.parameter(of: .batchDate), table.parameter(of: .batchNumber), table.parameter(of: .lastUpdated)
        )
    }

    /// - Parameters:
    ///   - record: What a page has: `{"Finding": {...}}` without the outer object.
    ///   - webApp: The web application that was asked for the record.
    /// - Returns: False when there is a row with its key already, or it has no key.
    func write(_ record: JSONValue, webApp: Int64? = nil, _ batch: RowBatch) throws(SQLiteError) -> Bool {
        guard let key = record[table.key], !key.isNull else { return false }
        begin(batch)
        otherFields.removeAll(keepingCapacity: true)
        for (name, value) in record.members {
            guard let place = name.withUTF8({ members.place(of: $0) }) ?? nil else {
                add(other: name, value)
                continue
            }
            let parameter = memberParameters[place]
            rules.bind(value, to: parameter, of: statement, table.columns[parameter - 1])
        }
        if let webAppID {
            statement.bind(webAppID, webApp)
            let application = record["webApp"]
            for (member, parameter) in lifted {
                guard let value = application?[member] else { continue }
                rules.bind(value, to: parameter, of: statement, table.columns[parameter - 1])
            }
        }
        if let others, !otherFields.isEmpty {
            otherFields.append(UInt8(ascii: "}"))
            otherFields.withUnsafeBytes { statement.bind(others, utf8: $0) }
        }
        try statement.run()
        return database.changes > 0
    }

    /// - Parameters:
    ///   - fields: Texts by the names of members, the key among them.
    ///   - others: The value of the column for what has none.
    func write(_ fields: [(name: String, text: String)], others: String, _ batch: RowBatch) throws(SQLiteError) -> Bool
    {
        begin(batch)
        for (name, text) in fields {
            guard let parameter = table.parameter(of: .member(name)) else { continue }
            var text = text
            text.withUTF8 { utf8 in
                let column = table.columns[parameter - 1]
                rules.bind(text: UnsafeRawBufferPointer(utf8), to: parameter, of: statement, column)
            }
        }
        if let parameter = self.others { statement.bind(parameter, others) }
        try statement.run()
        return database.changes > 0
    }

    private func begin(_ batch: RowBatch) {
        for parameter in 1...table.columns.count { statement.bind(parameter, utf8: FieldRules.nothing) }
        if let parameter = self.batch.date { statement.bind(parameter, batch.date) }
        if let parameter = self.batch.number { statement.bind(parameter, batch.number) }
        if let parameter = self.batch.written { statement.bind(parameter, batch.written) }
    }

    private func add(other name: JSONValue, _ value: JSONValue) {
        otherFields.append(contentsOf: otherFields.isEmpty ? "{".utf8 : ", ".utf8)
        name.appendPythonJSON(to: &otherFields)
        otherFields.append(contentsOf: ": ".utf8)
        value.appendPythonJSON(to: &otherFields)
    }
}
