import JSONStream

extension JSONValue {
    /// A text without the blanks at its ends, or the digits of a number; nil for what is missing: absent, null, empty or
    /// blank, and for what is neither text nor number.
    var plain: String? {
        switch kind {
        case .string, .number: scalarText?.trimmed
        case .null, .true, .false, .array, .object: nil
        }
    }

    /// The same as it was sent, with its blanks: for what is neither key nor name.
    var sent: String? { plain == nil ? nil : scalarText }

    /// What a list has in it: an element where a list is usual is a list of one.
    var items: [JSONValue] {
        switch kind {
        case .array: Array(elements)
        case .object: members.contains { _ in true } ? [self] : []
        case .null, .true, .false, .number, .string: []
        }
    }
}

extension StringProtocol {
    /// Without the blanks at its ends; nil when nothing is left.
    var trimmed: String? {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return String(self[start...end])
    }

    /// In lower case by Unicode's rules of no language, the final sigma's among them (SpecialCasing.txt, Final_Sigma),
    /// which the standard library leaves out.
    var lowerCased: String {
        let lower = lowercased()
        guard unicodeScalars.contains("\u{3A3}") else { return lower }
        let scalars = Array(unicodeScalars)
        var text = ""
        for (index, scalar) in scalars.enumerated() {
            guard scalar == "\u{3A3}" else {
                text += scalar.properties.lowercaseMapping
                continue
            }
            let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
            let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
            let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
            text += isFinal ? "\u{3C2}" : "\u{3C3}"
        }
        return text
    }
}

/// A number as KnowledgeBase and detections write it; nil for anything else.
func plainNumber(_ text: String?) -> Double? {
    guard let text = text?.trimmed,
        text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
        let number = Double(text), number.isFinite
    else { return nil }
    return number
}

/// What the keys of the import schema have to look like.
enum KeyPattern {
    /// `^[a-zA-Z0-9_:@=;!'%\-.()+,$*]+$`
    static func isSource(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.allSatisfy { isAlphanumeric($0) || "_:@=;!'%-.()+,$*".utf8.contains($0) }
    }

    /// `^[a-f0-9:.]+$`: no zone and no mask.
    static func isAddress(_ key: String) -> Bool {
        key.utf8.allSatisfy { isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
    }

    /// Six or eight pairs of digits with colons between them.
    static func isMAC(_ key: String) -> Bool {
        let pairs = key.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return (pairs.count == 6 || pairs.count == 8) && pairs.allSatisfy { $0.count == 2 && $0.allSatisfy(isHex) }
    }

    /// `^[^&#^|?<>[\]]+$`
    static func isHostname(_ key: String) -> Bool {
        !key.utf8.contains { "&#^|?<>[]".utf8.contains($0) }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
