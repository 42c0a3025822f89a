import JSONStream
import SQLite

/// How a value of a record becomes one of a column: the rules of QualysETL, so that what was compared with a column before
/// is so still.
struct FieldRules {
    /// For texts that have to be made.
    private var scratch: [UInt8] = []

    /// Binds a value; of a null nothing, as if it were not there.
    mutating func bind(
        _ value: JSONValue,
        to parameter: Int,
        of statement: Statement,
        _ column: SnapshotTable.Column
    ) {
        switch value.kind {
        case .null:
            statement.bind(parameter, utf8: Self.nothing)
        case .object, .array:
            if column.isInteger { return statement.bind(parameter, 0 as Int64?) }
            scratch.removeAll(keepingCapacity: true)
            value.appendPythonJSON(to: &scratch)
            scratch.withUnsafeBytes { statement.bind(parameter, utf8: $0) }
        case .number where !column.isInteger && !value.withRaw(isDigits):
            // Of a fraction its shortest form.
            scratch.removeAll(keepingCapacity: true)
            value.appendPythonJSON(to: &scratch)
            scratch.withUnsafeBytes { statement.bind(parameter, utf8: $0) }
        case .string, .number, .true, .false:
            value.withScalarUTF8 { bind(text: $0, to: parameter, of: statement, column) }
        }
    }

    /// Binds a text.
    mutating func bind(
        text: UnsafeRawBufferPointer,
        to parameter: Int,
        of statement: Statement,
        _ column: SnapshotTable.Column
    ) {
        if column.isInteger {
            let digits = trimmed(text)
            guard isDigits(digits) else { return statement.bind(parameter, 0 as Int64?) }
            guard digits.count <= 18 else { return statement.bind(parameter, utf8: digits) }
            statement.bind(parameter, digits.reduce(0) { $0 * 10 + Int64($1 & 15) } as Int64?)
        } else if column.isDate, let moment = Moment(text) {
            scratch.removeAll(keepingCapacity: true)
            moment.append(to: &scratch)
            scratch.withUnsafeBytes { statement.bind(parameter, utf8: $0) }
        } else if text.contains(where: isRemoved) {
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: text.lazy.filter { !isRemoved($0) })
            scratch.withUnsafeBytes { statement.bind(parameter, utf8: $0) }
        } else {
            statement.bind(parameter, utf8: text)
        }
    }

    /// What stands for a value that is not there.
    static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}

/// A time as Qualys writes it, `2023-01-05T10:00:00Z`, perhaps with a fraction. In the database it is
/// `2023-01-05 10:00:00`. Other texts in the columns of times stay as they are.
private struct Moment {
    private let text: UnsafeRawBufferPointer

    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count >= 19, text[10] == UInt8(ascii: "T"), text[4] == UInt8(ascii: "-"), isDigit(text[0]) else {
            return nil
        }
        self.text = text
    }

    func append(to bytes: inout [UInt8]) {
        for (place, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "."): return
            case UInt8(ascii: "T") where place == 10: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "Z"): break
            default: bytes.append(byte)
            }
        }
    }
}

/// NUL, SOH and CR are in no column: programs that read the database as lines of text fall over them.
@inline(__always)
private func isRemoved(_ byte: UInt8) -> Bool {
    byte == 0x00 || byte == 0x01 || byte == 0x0D
}

@inline(__always)
private func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
}

private func isDigits(_ text: UnsafeRawBufferPointer) -> Bool {
    !text.isEmpty && text.allSatisfy(isDigit)
}

/// Without blanks at both ends.
private func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let first = text.firstIndex(where: { $0 > 0x20 }), let last = text.lastIndex(where: { $0 > 0x20 }) else {
        return FieldRules.nothing
    }
    return UnsafeRawBufferPointer(rebasing: text[first...last])
}
