import Support

/// What the body of a failed call says: JSON or XML of any of the families, whole or not.
///
/// Error pages are often broken themselves (a cut body, markup that is not well-formed, HTML of a proxy), so this reads
/// texts by their names and no more; a strict parser would hide the cause.
struct ErrorBody: Sendable, Equatable {
    /// Qualys's code, when there is one.
    var code: String?
    var message: String

    /// How long a refused call has to wait: `SECONDS_TO_WAIT` of a SIMPLE_RETURN.
    var wait: Duration?

    /// - Parameter bytes: The first part of it is enough.
    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes.prefix(64 * 1024), as: UTF8.self)
        let start = text.prefix(512).drop(while: \.isWhitespace)
        if bytes.isEmpty {
            message = "The answer had no body."
        } else if start.hasPrefix("{") {
            code = jsonText("responseCode", in: text) ?? jsonText("status", in: text)
            let parts = ["errorMessage", "errorResolution", "responseMessage", "message", "error"]
                .compactMap { jsonText($0, in: text) }
            message = Self.sentence(parts.isEmpty ? "The answer gave no reason." : parts.joined(separator: " "))
        } else if firstRange(of: "<SIMPLE_RETURN", in: text[...]) != nil
            || firstRange(of: "<ServiceResponse", in: text[...]) != nil
        {
            code = element("CODE", in: text) ?? element("responseCode", in: text)
            let parts = ["TEXT", "errorMessage", "errorResolution"].compactMap { element($0, in: text) }
            message = Self.sentence(parts.isEmpty ? "The answer gave no reason." : parts.joined(separator: " "))
            if let seconds = item("SECONDS_TO_WAIT", in: text).flatMap({ Int64($0) }), seconds > 0 {
                wait = .seconds(min(seconds, 366 * 86400))
            }
        } else if firstRange(of: "GENERIC_RETURN", in: text[...]) != nil {
            code = attribute("number", in: text) ?? "999"
            message = Self.sentence(element("RETURN", in: text) ?? "Internal error.")
        } else if start.hasPrefix("<"), firstRange(of: "<html", in: text.prefix(4096).lowercased()[...]) != nil {
            message = "The answer is a web page, not one of this API: maintenance, or a proxy on the way."
        } else {
            message = Self.sentence(String(text.prefix(200)))
        }
        // It goes into messages as it is.
        if let text = code, text.utf8.count > 64 || !text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { code = nil }
    }

    /// One line of printable text, bounded.
    private static func sentence(_ text: String) -> String {
        let plain = text.prefix(600).map { $0.isWhitespace ? " " : $0 }
        let shown = String(plain).unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        return String(String.UnicodeScalarView(shown)).split(separator: " ").joined(separator: " ")
    }
}

/// The text of the first `"name": "..."`.
private func jsonText(_ name: String, in text: String) -> String? {
    guard let key = firstRange(of: "\"\(name)\"", in: text[...]) else { return nil }
    let rest = text[key.upperBound...].drop(while: \.isWhitespace)
    guard rest.first == ":" else { return nil }
    let value = rest.dropFirst().drop(while: \.isWhitespace)
    guard value.first == "\"" else { return nil }
    var read = ""
    var isEscaped = false
    for character in value.dropFirst() {
        if isEscaped {
            read.append(character == "n" || character == "t" || character == "r" ? " " : character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "\"" {
            return read
        } else {
            read.append(character)
        }
    }
    return nil
}

/// The text of the first `<name ...>...</`, without CDATA marks.
private func element(_ name: String, in text: String) -> String? {
    guard
        let open = firstRange(of: "<\(name)>", in: text[...]) ?? firstRange(of: "<\(name) ", in: text[...])
    else { return nil }
    var rest = text[open.upperBound...]
    if text[open].last != ">" {
        guard let end = rest.firstIndex(of: ">") else { return nil }
        rest = rest[rest.index(after: end)...]
    }
    guard let close = firstRange(of: "</\(name)", in: rest) else { return nil }
    var inside = rest[..<close.lowerBound]
    let mark = "<![CDATA["
    if inside.hasPrefix(mark), inside.hasSuffix("]]>") { inside = inside.dropFirst(mark.count).dropLast(3) }
    return String(inside)
}

/// The VALUE that follows a KEY in a SIMPLE_RETURN's list of items.
private func item(_ key: String, in text: String) -> String? {
    guard let found = firstRange(of: "<KEY>\(key)</KEY>", in: text[...]) else { return nil }
    return element("VALUE", in: String(text[found.upperBound...].prefix(256)))
}

private func attribute(_ name: String, in text: String) -> String? {
    guard let found = firstRange(of: "\(name)=\"", in: text[...]) else { return nil }
    let rest = text[found.upperBound...]
    return rest.firstIndex(of: "\"").map { String(rest[..<$0]) }
}

/// As in the standard library's string processing, which is 1 MB for this.
private func firstRange(of wanted: String, in text: Substring) -> Range<String.Index>? {
    let needle = Array(wanted.utf8)
    let hay = text.utf8
    guard let first = needle.first else { return nil }
    var start = hay.startIndex
    while let found = hay[start...].firstIndex(of: first) {
        var end = found
        var matched = 0
        while matched < needle.count, end != hay.endIndex, hay[end] == needle[matched] {
            end = hay.index(after: end)
            matched += 1
        }
        if matched == needle.count { return found..<end }
        start = hay.index(after: found)
    }
    return nil
}
