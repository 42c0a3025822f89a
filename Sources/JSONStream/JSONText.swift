/// The text of a string's bytes.
func text(of bytes: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) -> String {
    guard hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    appendUnescaped(bytes, to: &plain)
    return String(decoding: plain, as: UTF8.self)
}

/// Appends the UTF-8 of a string that has been checked (RFC 8259 section 7). Half of a surrogate pair, which is no
/// character, becomes U+FFFD.
func appendUnescaped(_ bytes: UnsafeBufferPointer<UInt8>, to plain: inout [UInt8]) {
    var rest = StringContent(bytes)
    while let part = rest.next() {
        switch part {
        case .plain(let bytes): plain.append(contentsOf: bytes)
        case .short(let byte): plain.append(byte)
        case .unit(let high):
            var scalar = Unicode.Scalar(UInt32(high))
            if scalar == nil, high < 0xDC00, let low = rest.takeLowSurrogate() {
                scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
            }
            plain.append(contentsOf: UTF8.encode(scalar ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter)
        }
    }
}

/// A string that has been checked, in parts: what stands there as it is, and escapes.
struct StringContent {
    enum Part {
        case plain(UnsafeBufferPointer<UInt8>)
        /// The byte that an escape of two characters stands for.
        case short(UInt8)
        /// The UTF-16 code unit of `\uXXXX`.
        case unit(UInt16)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    mutating func next() -> Part? {
        guard index < bytes.count else { return nil }
        let start = index
        if bytes[start] != UInt8(ascii: "\\") {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\\") { index += 1 }
            return .plain(UnsafeBufferPointer(rebasing: bytes[start..<index]))
        }
        if let unit = unit(at: start) {
            index += 6
            return .unit(unit)
        }
        index = min(start + 2, bytes.count)
        return .short(index == start + 2 ? shortEscape(bytes[start + 1]) ?? 0x3F : 0x3F)
    }

    /// The other half of a pair, when it follows.
    mutating func takeLowSurrogate() -> UInt16? {
        guard let unit = unit(at: index), 0xDC00...0xDFFF ~= unit else { return nil }
        index += 6
        return unit
    }

    private func unit(at start: Int) -> UInt16? {
        guard start + 6 <= bytes.count, bytes[start] == UInt8(ascii: "\\"), bytes[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return bytes[(start + 2)..<(start + 6)].reduce(0) { $0 << 4 | UInt16(hexDigit($1) ?? 0) }
    }
}

/// What an escape of two characters stands for, by its letter.
func shortEscape(_ letter: UInt8) -> UInt8? {
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

/// The value of a hexadecimal digit in either case.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 0x30
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 0x57
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 0x37
    default: nil
    }
}
