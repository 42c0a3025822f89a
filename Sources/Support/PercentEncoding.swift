/// Percent-encodes all bytes but the unreserved ones of RFC 3986 section 2.3 (`A-Z a-z 0-9 - . _ ~`), with upper-case digits,
/// as Signature Version 4 wants it.
///
/// - Parameter kept: Others that stay, such as the slashes of a path.
package func percentEncoded(_ text: some StringProtocol, keeping kept: String = "") -> String {
    String(decoding: percentEncoded(Array(text.utf8), keeping: kept), as: UTF8.self)
}

package func percentEncoded(
    _ bytes: [UInt8],
    keeping kept: String = "",
    digits: String = "0123456789ABCDEF"
) -> [UInt8] {
    let digits = Array(digits.utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(bytes.count + bytes.count / 4)
    for byte in bytes {
        if isWordCharacter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "~") || kept.utf8.contains(byte) {
            encoded.append(byte)
        } else {
            encoded.append(UInt8(ascii: "%"))
            encoded.append(digits[Int(byte >> 4)])
            encoded.append(digits[Int(byte & 15)])
        }
    }
    return encoded
}
