extension JSONRedactor {
    /// What may come next.
    enum Expected: Sendable, Equatable {
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
        case string
        case number(JSONNumber)
        /// The rest of `true`, `false` or `null`, the next byte lowest.
        case literal(UInt32)
    }

    private static let restOfTrue = packed("rue")
    private static let restOfFalse = packed("alse")
    private static let restOfNull = packed("ull")

    private static func packed(_ text: String) -> UInt32 {
        text.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    enum Container: Sendable {
        case object, array
    }

    /// Goes through a chunk by the grammar of RFC 8259 section 2.
    mutating func read(_ chunk: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(Fault) {
        var index = 0
        while index < chunk.count {
            if case .string = expected {
                try readString(chunk, from: &index, into: &output)
                continue
            }
            let byte = chunk[index]
            switch expected {
            case .number(var number):
                if number.take(byte) {
                    expected = .number(number)
                    break
                }
                guard number.isComplete else { throw .invalid(offset: base + index) }
                valueEnds(at: index, chunk, &output)
                // The byte belongs to what follows.
                continue
            case .literal(let rest):
                guard rest & 0xFF == byte else { throw .invalid(offset: base + index) }
                expected = .literal(rest >> 8)
                if rest >> 8 == 0 { valueEnds(at: index + 1, chunk, &output) }
            default:
                if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 {
                    try readToken(byte, at: index, chunk, &output)
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
        switch (byte, expected) {
        case (UInt8(ascii: ","), .commaOrEnd):
            expected = containers.last == .object ? .name : .value
        case (UInt8(ascii: ":"), .colon):
            expected = .value
        case (UInt8(ascii: "\""), .name), (UInt8(ascii: "\""), .nameOrEnd):
            beginString(isName: true, at: index)
        case (UInt8(ascii: "}"), .nameOrEnd),
            (UInt8(ascii: "}"), .commaOrEnd) where containers.last == .object,
            (UInt8(ascii: "]"), .valueOrEnd),
            (UInt8(ascii: "]"), .commaOrEnd) where containers.last == .array:
            containers.removeLast()
            valueEnds(at: index + 1, chunk, &output)
        case (_, .value), (_, .valueOrEnd):
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
        case UInt8(ascii: "t"): expected = .literal(JSONRedactor.restOfTrue)
        case UInt8(ascii: "f"): expected = .literal(JSONRedactor.restOfFalse)
        case UInt8(ascii: "n"): expected = .literal(JSONRedactor.restOfNull)
        default:
            guard let number = JSONNumber(byte) else { throw .invalid(offset: base + index) }
            expected = .number(number)
        }
    }

    private mutating func open(_ container: Container, _ next: Expected) throws(Fault) {
        guard containers.count < JSONRedactor.depthCeiling else { throw .tooDeep }
        containers.append(container)
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
        switch (byte, part) {
        case (UInt8(ascii: "0"), .minus): part = .zero
        case (UInt8(ascii: "1")...UInt8(ascii: "9"), .minus): part = .integer
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), .integer): break
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), .point), (UInt8(ascii: "0")...UInt8(ascii: "9"), .fraction):
            part = .fraction
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), .e), (UInt8(ascii: "0")...UInt8(ascii: "9"), .sign),
            (UInt8(ascii: "0")...UInt8(ascii: "9"), .exponent):
            part = .exponent
        case (UInt8(ascii: "."), .zero), (UInt8(ascii: "."), .integer):
            part = .point
        case (UInt8(ascii: "e"), .zero), (UInt8(ascii: "e"), .integer), (UInt8(ascii: "e"), .fraction),
            (UInt8(ascii: "E"), .zero), (UInt8(ascii: "E"), .integer), (UInt8(ascii: "E"), .fraction):
            part = .e
        case (UInt8(ascii: "+"), .e), (UInt8(ascii: "-"), .e):
            part = .sign
        default:
            return false
        }
        return true
    }
}
