/// An escape in a JSON string (RFC 8259 section 7), read byte by byte after its backslash. Two `\u` escapes that are
/// the halves of a surrogate pair are one.
struct JSONEscape: Sendable {
    enum Step {
        case more
        /// With this byte the escape is complete; it stands for this UTF-8.
        case done([UInt8])
        /// The escape was half of a pair, `JSONEscape.length` bytes, and the other half does not follow. The byte was
        /// not taken.
        case lone
        /// The same, and with this byte another escape is complete: that of this UTF-16 code unit.
        case loneThen(UInt32)
        case invalid
    }

    /// The length of `\uXXXX`.
    static let length = 6

    /// What stands for half of a surrogate pair, which is no character.
    static let replacementCharacter: [UInt8] = [0xEF, 0xBF, 0xBD]

    private enum Part {
        case letter, digits, backslash, secondLetter
    }

    private var part = Part.letter
    private var digits = 0
    private var value: UInt32 = 0
    /// The first half of a pair.
    private var high: UInt32?

    mutating func take(_ byte: UInt8) -> Step {
        switch part {
        case .letter:
            guard byte == UInt8(ascii: "u") else { return JSONEscape.short(byte).map { .done([$0]) } ?? .invalid }
            part = .digits
        case .digits:
            guard let digit = hexDigit(byte) else { return .invalid }
            value = value << 4 | digit
            digits += 1
            if digits == 4 { return take(unit: value) }
        case .backslash:
            guard byte == UInt8(ascii: "\\") else { return .lone }
            part = .secondLetter
        case .secondLetter:
            guard byte == UInt8(ascii: "u") else { return .lone }
            part = .digits
        }
        return .more
    }

    /// Takes a whole `\uXXXX`.
    mutating func take(unit: UInt32) -> Step {
        if let high {
            guard (0xDC00...0xDFFF).contains(unit) else { return .loneThen(unit) }
            return .done(JSONEscape.utf8(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00)))
        }
        guard (0xD800...0xDBFF).contains(unit) else { return .done(JSONEscape.utf8(unit)) }
        high = unit
        (value, digits, part) = (0, 0, .backslash)
        return .more
    }

    private static func utf8(_ value: UInt32) -> [UInt8] {
        Unicode.Scalar(value).map { Array(String($0).utf8) } ?? replacementCharacter
    }

    private static func short(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }
}

/// The value of a hexadecimal digit in either case.
func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte) - 0x57
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte) - 0x37
    default: nil
    }
}
