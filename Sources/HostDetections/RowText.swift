import Support

/// Writes rows as text into a buffer, which is handed on when it is full.
package final class RowText: DetectionSink {
    package enum Form: String, Sendable, CaseIterable {
        case ndjson
        case csv

        /// What stands before the first row.
        package var head: [UInt8] {
            switch self {
            case .ndjson: []
            case .csv: Array((DetectionColumn.names.joined(separator: ",") + "\n").utf8)
            }
        }
    }

    private static let full = 32 << 10

    /// A long text goes through in slices, so that the buffer stays small.
    private static let slice = 8 << 10

    private let form: Form
    private let output: (UnsafeRawBufferPointer) throws -> Void
    private var buffer = TextBuffer()
    private let names = JSONNames()

    /// - Parameter output: Takes what is written, in pieces that are valid within the call.
    package init(_ form: Form, to output: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.form = form
        self.output = output
    }

    package func add(_ row: DetectionRow) throws {
        switch form {
        case .ndjson: try addJSON(row, to: &buffer)
        case .csv: try addCSV(row, to: &buffer)
        }
        try handOn(&buffer)
    }

    package func addHost(_ row: DetectionRow) {}

    /// Hands on the rest.
    package func flush() throws {
        try output(buffer.bytes)
        buffer.removeAll()
    }

    private func handOn(_ buffer: inout TextBuffer) throws {
        guard buffer.count >= Self.full else { return }
        try output(buffer.bytes)
        buffer.removeAll()
    }

    private func add(_ value: UnsafeRawBufferPointer, _ escapes: ByteEscapes, to buffer: inout TextBuffer) throws {
        var rest = value
        while rest.count > Self.slice {
            buffer.append(UnsafeRawBufferPointer(rebasing: rest[..<Self.slice]), escaped: escapes)
            rest = UnsafeRawBufferPointer(rebasing: rest[Self.slice...])
            try handOn(&buffer)
        }
        buffer.append(rest, escaped: escapes)
    }

    private func addJSON(_ row: DetectionRow, to buffer: inout TextBuffer) throws {
        try row.forEach { column, value in
            guard let value else { return buffer.append(names.ofNull[column.rawValue]) }
            if column.isNumber {
                buffer.append(names.ofNumber[column.rawValue])
                buffer.append(value)
            } else {
                buffer.append(names.ofText[column.rawValue])
                try add(value, jsonEscapes, to: &buffer)
                buffer.append(UInt8(ascii: "\""))
            }
        }
        buffer.append(UInt8(ascii: "}"))
        buffer.append(UInt8(ascii: "\n"))
    }

    /// RFC 4180; a text is always in quotes, so that an empty one is not taken for one that is absent.
    private func addCSV(_ row: DetectionRow, to buffer: inout TextBuffer) throws {
        try row.forEach { column, value in
            if column != .hostID { buffer.append(UInt8(ascii: ",")) }
            guard let value else { return }
            if column.isNumber {
                buffer.append(value)
            } else {
                buffer.append(UInt8(ascii: "\""))
                try add(value, csvEscapes, to: &buffer)
                buffer.append(UInt8(ascii: "\""))
            }
        }
        buffer.append(UInt8(ascii: "\n"))
    }
}

/// What stands before each value of a row in JSON, as one piece each.
private final class JSONNames {
    /// With `null`, which is all of it.
    let ofNull: [UnsafeRawBufferPointer]
    let ofNumber: [UnsafeRawBufferPointer]
    /// With the quote that begins the text.
    let ofText: [UnsafeRawBufferPointer]

    init() {
        func pieces(_ end: String) -> [UnsafeRawBufferPointer] {
            DetectionColumn.allCases.map { column in
                let text = Array("\(column.rawValue == 0 ? "{" : ",")\"\(column.name)\":\(end)".utf8)
                let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
                piece.copyBytes(from: text)
                return UnsafeRawBufferPointer(piece)
            }
        }
        ofNull = pieces("null")
        ofNumber = pieces("")
        ofText = pieces("\"")
    }

    deinit {
        for piece in ofNull + ofNumber + ofText { piece.deallocate() }
    }
}

/// What a byte becomes inside of quotes: itself, or up to six others.
struct ByteEscapes: Sendable {
    /// Nonzero where a byte does not stay as it is.
    let isEscaped: [Bool]
    private let texts: [[UInt8]]

    init(_ escape: (UInt8) -> [UInt8]?) {
        isEscaped = (0...255).map { escape(UInt8($0)) != nil }
        texts = (0...255).map { escape(UInt8($0)) ?? [] }
    }

    subscript(byte: UInt8) -> [UInt8] { texts[Int(byte)] }
}

/// RFC 8259 section 7.
private let jsonEscapes = ByteEscapes { byte in
    var escaped: [UInt8] = []
    appendJSONEscaped([byte], to: &escaped)
    return escaped == [byte] ? nil : escaped
}

private let csvEscapes = ByteEscapes { $0 == UInt8(ascii: "\"") ? Array("\"\"".utf8) : nil }

/// Bytes that grow, without the checks of an array for each of them.
struct TextBuffer: ~Copyable {
    private var start = UnsafeMutablePointer<UInt8>.allocate(capacity: 64 << 10)
    private var capacity = 64 << 10
    private(set) var count = 0

    deinit { start.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == capacity { grow(1) }
        start[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ piece: UnsafeRawBufferPointer) {
        guard let base = piece.baseAddress else { return }
        if count &+ piece.count > capacity { grow(piece.count) }
        UnsafeMutableRawPointer(start + count).copyMemory(from: base, byteCount: piece.count)
        count &+= piece.count
    }

    mutating func append(_ piece: UnsafeRawBufferPointer, escaped escapes: ByteEscapes) {
        // No escape is longer than six bytes.
        if count &+ 6 &* piece.count > capacity { grow(6 * piece.count) }
        var target = start + count
        escapes.isEscaped.withUnsafeBufferPointer { isEscaped in
            for byte in piece {
                if isEscaped[Int(byte)] {
                    for part in escapes[byte] {
                        target.pointee = part
                        target += 1
                    }
                } else {
                    target.pointee = byte
                    target += 1
                }
            }
        }
        count = target - start
    }

    private mutating func grow(_ more: Int) {
        let larger = max(2 * capacity, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: start, count: count)
        start.deallocate()
        start = moved
        capacity = larger
    }
}
