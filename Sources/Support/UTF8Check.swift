/// Checks UTF-8 byte by byte (RFC 3629 section 4).
package struct UTF8Check: Sendable {
    /// How many bytes of the character are to come.
    package private(set) var left: UInt8 = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// False when the byte cannot stand there. A byte under 0x80 is not given but inside of a character.
    package mutating func take(_ byte: UInt8) -> Bool {
        if left > 0 {
            guard lowest...highest ~= byte else { return false }
            left -= 1
            (lowest, highest) = (0x80, 0xBF)
            return true
        }
        switch byte {
        case 0xC2...0xDF: left = 1
        case 0xE0: (left, lowest) = (2, 0xA0)
        case 0xED: (left, highest) = (2, 0x9F)
        case 0xE1...0xEF: left = 2
        case 0xF0: (left, lowest) = (3, 0x90)
        case 0xF1...0xF3: left = 3
        case 0xF4: (left, highest) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
