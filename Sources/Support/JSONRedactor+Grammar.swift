extension JSONRedactor {
    /// What may come next.
    enum Expected: UInt8, Sendable {
        case value
        /// After `[`.
        case valueOrEnd
        /// After `{`.
        case nameOrEnd
        /// After a comma in an object.
        case name
        case colon
        /// After a value in an object or array.
        case commaOrEnd
        /// After the root: white space only.
        case nothing
        /// The rest of what has begun.
        case string, number, literal
    }

    enum Container: Sendable {
        case object, array
    }

    /// Goes through a chunk by the grammar of RFC 8259 section 2.
    mutating func read(_ chunk: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(Fault) {
        var index = 0
        while index < chunk.count {
            let byte = chunk[index]
            switch expected {
            case .string:
                try readString(chunk, from: &index, into: &output)
                continue
            case .number:
                if !number.take(byte) {
                    guard number.isComplete else { throw .invalid(offset: base + index) }
                    valueEnds(at: index, chunk, &output)
                    // The byte belongs to what follows.
                    continue
                }
            case .literal:
                guard literal & 0xFF == byte else { throw .invalid(offset: base + index) }
                literal >>= 8
                if literal == 0 { valueEnds(at: index + 1, chunk, &output) }
            default:
                if byte > 0x20 {
                    try readToken(byte, at: index, chunk, &output)
                } else if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 {
                    throw .invalid(offset: base + index)
                }
            }
            index += 1
        }
    }

    private mutating func readToken(
        _ byte: UInt8,
        at index: Int,
        _ chunk: UnsafeRawBufferPointer,
        _ output: inout [UInt8]
    ) throws(Fault) {
        switch expected {
        case .commaOrEnd where byte == UInt8(ascii: ","):
            expected = container == .object ? .name : .value
        case .commaOrEnd where byte == UInt8(ascii: "}") && container == .object,
            .commaOrEnd where byte == UInt8(ascii: "]") && container == .array,
            .nameOrEnd where byte == UInt8(ascii: "}"),
            .valueOrEnd where byte == UInt8(ascii: "]"):
            containers.removeLast()
            container = containers.last
            valueEnds(at: index + 1, chunk, &output)
        case .colon where byte == UInt8(ascii: ":"):
            expected = .value
        case .name where byte == UInt8(ascii: "\""), .nameOrEnd where byte == UInt8(ascii: "\""):
            beginString(isName: true, at: index)
        case .value, .valueOrEnd:
            try beginValue(byte, at: index, chunk, &output)
        default:
            throw .invalid(offset: base + index)
        }
    }

    private mutating func beginValue(
        _ byte: UInt8,
        at index: Int,
        _ chunk: UnsafeRawBufferPointer,
        _ output: inout [UInt8]
    ) throws(Fault) {
        if let replacement {
            settle(upTo: base + index, chunk, &output)
            output.append(contentsOf: replacement)
            hiddenAt = containers.count
            self.replacement = nil
        }
        switch byte {
        case UInt8(ascii: "\""): beginString(isName: false, at: index)
        case UInt8(ascii: "{"): try open(.object, .nameOrEnd)
        case UInt8(ascii: "["): try open(.array, .valueOrEnd)
        case UInt8(ascii: "t"): begin(literal: JSONRedactor.restOfTrue)
        case UInt8(ascii: "f"): begin(literal: JSONRedactor.restOfFalse)
        case UInt8(ascii: "n"): begin(literal: JSONRedactor.restOfNull)
        default:
            guard let number = JSONNumber(byte) else { throw .invalid(offset: base + index) }
            self.number = number
            expected = .number
        }
    }

    private mutating func begin(literal rest: UInt32) {
        literal = rest
        expected = .literal
    }

    // The next byte is the lowest.
    private static let restOfTrue: UInt32 = 0x65_75_72
    private static let restOfFalse: UInt32 = 0x65_73_6C_61
    private static let restOfNull: UInt32 = 0x6C_6C_75

    private mutating func open(_ container: Container, _ next: Expected) throws(Fault) {
        guard containers.count < JSONRedactor.depthCeiling else { throw .tooDeep }
        containers.append(container)
        self.container = container
        expected = next
    }

    /// - Parameter index: The index after the value's last byte.
    mutating func valueEnds(at index: Int, _ chunk: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        if hiddenAt == containers.count {
            settle(upTo: base + index, chunk, &output)
            hiddenAt = nil
        }
        expected = containers.isEmpty ? .nothing : .commaOrEnd
    }
}

/// How far a number is read (RFC 8259 section 6).
///
///     [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ "e" [ "+" / "-" ] 1*digit ]
struct JSONNumber: Sendable, Equatable {
    private enum Part {
        case minus, zero, integer, point, fraction, e, sign, exponent
    }

    private var part: Part

    init() { part = .zero }

    init?(_ first: UInt8) {
        switch first {
        case UInt8(ascii: "-"): part = .minus
        case UInt8(ascii: "0"): part = .zero
        case UInt8(ascii: "1")...UInt8(ascii: "9"): part = .integer
        default: return nil
        }
    }

    var isComplete: Bool {
        switch part {
        case .zero, .integer, .fraction, .exponent: true
        case .minus, .point, .e, .sign: false
        }
    }

    /// Takes the next byte; false when it does not belong to the number.
    mutating func take(_ byte: UInt8) -> Bool {
        let isDigit = isDigit(byte)
        switch part {
        case .integer where isDigit, .fraction where isDigit, .exponent where isDigit: break
        case .minus where isDigit: part = byte == UInt8(ascii: "0") ? .zero : .integer
        case .point where isDigit: part = .fraction
        case .e where isDigit, .sign where isDigit: part = .exponent
        case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."): part = .point
        case .zero where byte | 0x20 == UInt8(ascii: "e"), .integer where byte | 0x20 == UInt8(ascii: "e"),
            .fraction where byte | 0x20 == UInt8(ascii: "e"):
            part = .e
        case .e where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): part = .sign
        default: return false
        }
        return true
    }
}
