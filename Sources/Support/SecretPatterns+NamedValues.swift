extension SecretPatterns {
    /// How far the secret after a name goes.
    private enum Extent {
        /// A password can have any character in it.
        case restOfLine
        /// To the closing quote, or to the next delimiter.
        case value
    }

    /// Parts of names that say that a secret follows, in lower case and without `-`, `_` and spaces.
    private static let names: [(part: String, extent: Extent)] = [
        ("password", .restOfLine), ("passwd", .restOfLine), ("passphrase", .restOfLine), ("pwd", .restOfLine),
        // `Authorization: AWS4-HMAC-SHA256 Credential=..., Signature=...` has spaces and commas in it.
        ("authorization", .restOfLine), ("cookie", .restOfLine),
        ("secret", .value), ("token", .value), ("apikey", .value), ("credential", .value), ("privatekey", .value),
        ("accesskey", .value), ("bearer", .value), ("signature", .value),
    ]

    /// Values after names of secrets: `name=value`, `name: value`, `"name":"value"`, `--name value`, `Bearer value`.
    /// Parameters of presigned addresses (`X-Amz-Signature=`, `-Credential=`, `-Security-Token=`) are among them.
    static func namedValues(in line: ArraySlice<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var place = line.startIndex
        // `api key` is one name.
        var previous = ""
        while place < line.endIndex {
            let word = line[place...].prefix { isWordCharacter($0) || $0 == UInt8(ascii: ".") }
            guard !word.isEmpty else {
                place += 1
                continue
            }
            let name = normalised(word)
            if let extent = extent(of: previous == "api" ? previous + name : name),
                let value = value(after: word, in: line, extent, isScheme: name == "bearer" || name == "basic")
            {
                found.append(value)
                place = value.upperBound
                previous = ""
            } else {
                place = word.endIndex
                previous = name
            }
        }
        return found
    }

    private static func normalised(_ word: ArraySlice<UInt8>) -> String {
        let kept = word.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: ".") }
        return String(decoding: kept, as: UTF8.self).lowercased()
    }

    private static func extent(of name: String) -> Extent? {
        names.first { name.contains(text: $0.part) }?.extent
    }

    /// - Parameter isScheme: The name is one of HTTP's schemes, after which the value stands without a sign.
    private static func value(
        after word: ArraySlice<UInt8>,
        in line: ArraySlice<UInt8>,
        _ extent: Extent,
        isScheme: Bool
    ) -> Range<Int>? {
        var rest = line[word.endIndex...]
        // `\"` is a quote in JSON within JSON.
        let quotes = rest.prefix { isQuote($0) || $0 == UInt8(ascii: "\\") }
        rest = rest.dropFirst(quotes.count)
        let spaces = rest.prefix { $0 == 0x20 }
        rest = rest.dropFirst(spaces.count)
        let sign = rest.prefix { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ">") }
        let isFlag = word.starts(with: "-".utf8)
        guard !sign.isEmpty || !spaces.isEmpty && (isFlag || isScheme) else { return nil }
        rest = rest.dropFirst(sign.count).drop { $0 == 0x20 || $0 == UInt8(ascii: "\\") }
        guard let first = rest.first else { return nil }
        let start = rest.startIndex
        if extent == .restOfLine { return start..<line.endIndex }
        if isQuote(first) {
            // After `\"` the next quote closes, however it is escaped.
            let isNested = line[start - 1] == UInt8(ascii: "\\")
            let end = isNested ? rest.dropFirst().firstIndex(of: first).map { $0 + 1 } : endOfQuoted(rest, by: first)
            return start..<(end ?? line.endIndex)
        }
        var end = rest.firstIndex(where: isDelimiter) ?? rest.endIndex
        let scheme = normalised(rest[start..<end])
        if scheme == "bearer" || scheme == "basic" {
            // `token: Bearer value`
            let value = rest[end...].drop { $0 == 0x20 }
            end = value.firstIndex(where: isDelimiter) ?? value.endIndex
        }
        return start == end ? nil : start..<end
    }

    /// The index after the closing quote.
    private static func endOfQuoted(_ text: ArraySlice<UInt8>, by quote: UInt8) -> Int? {
        var isEscaped = false
        for index in text.indices.dropFirst() {
            if text[index] == quote, !isEscaped { return index + 1 }
            isEscaped = text[index] == UInt8(ascii: "\\") && !isEscaped
        }
        return nil
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
    }
}
