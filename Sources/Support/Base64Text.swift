/// Bytes in base64 with its padding (RFC 4648 section 4).
package func base64Text(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var (group, count): (UInt32, Int) = (0, 0)
    for byte in bytes {
        group = group << 8 | UInt32(byte)
        count += 1
        guard count == 3 else { continue }
        for shift in [18, 12, 6, 0] as [UInt32] { text.append(alphabet[Int(group >> shift & 63)]) }
        (group, count) = (0, 0)
    }
    if count > 0 {
        group <<= count == 1 ? 16 : 8
        for shift in [18, 12, 6].prefix(count + 1) as ArraySlice<UInt32> {
            text.append(alphabet[Int(group >> shift & 63)])
        }
        text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - count))
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes of a base64 text with its padding; nil for anything else, line breaks included.
package func base64Bytes(_ text: String) -> [UInt8]? {
    let text = Array(text.utf8)
    guard text.count % 4 == 0 else { return nil }
    let padding = text.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    var (group, bits): (UInt32, UInt32) = (0, 0)
    for letter in text.dropLast(padding) {
        guard let value = base64Value(letter) else { return nil }
        group = group << 6 | value
        bits += 6
        guard bits >= 8 else { continue }
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: group >> bits))
    }
    return bytes
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private func base64Value(_ letter: UInt8) -> UInt32? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter) + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
