/// Percent-encodes all bytes but the unreserved ones of RFC 3986 (`A-Z a-z 0-9 - . _ ~`), with upper-case digits, as
/// Signature Version 4 wants it.
///
/// - Parameter keepingSlash: True for a path, whose slashes part its segments.
package func percentEncoded(_ text: some StringProtocol, keepingSlash: Bool = false) -> String {
    percentEncoded(Array(text.utf8), keepingSlash: keepingSlash)
}

func percentEncoded(_ bytes: [UInt8], keepingSlash: Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(bytes.count + bytes.count / 4)
    for byte in bytes {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.append(byte)
        case UInt8(ascii: "/") where keepingSlash:
            encoded.append(byte)
        default:
            encoded.append(UInt8(ascii: "%"))
            encoded.append(digits[Int(byte >> 4)])
            encoded.append(digits[Int(byte & 15)])
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}
