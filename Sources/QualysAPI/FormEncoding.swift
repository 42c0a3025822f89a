import Support

/// `application/x-www-form-urlencoded`, with every byte escaped that could be misread: passwords have `&`, `+` and `%`.
func formEncoded(_ fields: [(name: String, value: String)]) -> String {
    fields.map { [$0.name, $0.value].map { percentEncoded($0, keeping: ",") }.joined(separator: "=") }
        .joined(separator: "&")
}

/// The fields of a query, unescaped; a plus sign is a blank.
package func formFields(_ query: Substring) -> [(name: String, value: String)] {
    query.split(separator: "&").map { pair in
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (name: formDecoded(parts[0]), value: parts.count > 1 ? formDecoded(parts[1]) : "")
    }
}

private func formDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(hexValue),
            let low = rest.dropFirst().first.flatMap(hexValue)
        {
            bytes.append(high << 4 | low)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}

private func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
