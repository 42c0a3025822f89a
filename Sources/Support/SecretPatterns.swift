/// Finds what looks like a secret in text that may hold any.
///
/// All patterns look at the same text and say where a secret stands; none has to know of the others.
enum SecretPatterns {
    /// - Parameter text: UTF-8 without control characters other than line feeds.
    static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var found = privateKeys(in: text)
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            let line = text[start..<end]
            found += namedValues(in: line) + userInformation(in: line) + words(in: line)
            start = end + 1
        }
        return found
    }

    /// PEM blocks of private keys (RFC 7468). One of which the beginning or the end is missing is taken up to the
    /// text's.
    private static func privateKeys(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var place = 0
        while let begin = text.firstRange(of: "-----BEGIN ", from: place)
            ?? text.firstRange(of: "-----END ", from: place)
        {
            let isEnd = text[begin.upperBound - 2] == UInt8(ascii: "D")
            let label = text[begin.upperBound...].prefix(40)
            guard Array(label).firstRange(of: "PRIVATE KEY-----", from: 0) != nil else {
                place = begin.upperBound
                continue
            }
            let end = isEnd ? begin : text.firstRange(of: "-----END ", from: begin.upperBound)
            let upper = end.map { text[$0.upperBound...].firstIndex(of: 0x0A) ?? text.count } ?? text.count
            found.append((isEnd ? place : begin.lowerBound)..<upper)
            place = upper
        }
        return found
    }

    /// User and password in addresses: what stands between `://` and the last `@` of the authority (RFC 3986 section
    /// 3.2.1).
    private static func userInformation(in line: ArraySlice<UInt8>) -> [Range<Int>] {
        line.indices.compactMap { index in
            guard line[index...].starts(with: "://".utf8) else { return nil }
            let authority = line[(index + 3)...].prefix { !isDelimiter($0) && $0 != UInt8(ascii: "/") }
            guard let end = authority.lastIndex(of: UInt8(ascii: "@")) else { return nil }
            return authority.startIndex..<end
        }
    }

    /// Secrets that their own form gives away.
    private static func words(in line: ArraySlice<UInt8>) -> [Range<Int>] {
        let words = line.split { !isWordCharacter($0) }.filter(isAccessKeyID)
        let dotted = line.split { !isWordCharacter($0) && $0 != UInt8(ascii: ".") }.filter(isWebToken)
        return (words + dotted).map { $0.startIndex..<$0.endIndex }
    }

    /// `AKIA` (long-term) or `ASIA` (temporary) and 16 letters and digits (IAM User Guide, "Unique identifiers").
    private static func isAccessKeyID(_ word: ArraySlice<UInt8>) -> Bool {
        word.count == 20 && (word.starts(with: "AKIA".utf8) || word.starts(with: "ASIA".utf8))
            && word.allSatisfy { isDigit($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }

    /// A JSON Web Token (RFC 7519): parts in base64url with dots between them, of which the first is a JSON object,
    /// `{"` in base64url.
    private static func isWebToken(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.starts(with: "eyJ".utf8) else { return false }
        let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count >= 3 && parts[0].count >= 10 && parts[1].count >= 4
    }
}

extension [UInt8] {
    fileprivate func firstRange(of text: String, from start: Int) -> Range<Int>? {
        let wanted = Array(text.utf8)
        guard start + wanted.count <= count else { return nil }
        for place in start...(count - wanted.count)
        where self[place] == wanted[0] && self[place..<(place + wanted.count)].elementsEqual(wanted) {
            return place..<(place + wanted.count)
        }
        return nil
    }
}

/// Letters, digits, `-` and `_`: what names, flags and base64url are made of.
func isWordCharacter(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        || byte == UInt8(ascii: "-")
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// What ends a value that is not quoted, or an address.
func isDelimiter(_ byte: UInt8) -> Bool {
    byte <= 0x20 || "\"'`<>,;&|{}[]()".utf8.contains(byte)
}
