/// Makes text of other programs fit for our log: without secrets, without control characters, and short.
///
/// Known secrets are taken out wherever they stand, also with percent signs or JSON escapes in them; then what looks
/// like a secret by `SecretPatterns`. When in doubt text is taken out: a log that says less is better than one that
/// says too much.
package struct SecretScrubber: Sendable {
    /// Known secrets in all their spellings, longest first.
    private let spellings: [[UInt8]]

    /// - Parameter secrets: Those under 6 bytes would tear harmless text apart and are left out.
    package init(secrets: [Redacted]) {
        let long = Set(secrets.map(\.exposed)).filter { $0.utf8.count >= JSONRedactor.shortestSecret }
        spellings = Set(long.flatMap(SecretScrubber.spellings)).sorted { $0.count > $1.count }
    }

    /// The text in one line, without its secrets.
    ///
    /// - Parameters:
    ///   - bytes: Text in UTF-8; what is not is shown as U+FFFD.
    ///   - ceiling: The length of the result, in bytes. Of a longer one the end is shown.
    package func scrub(_ bytes: some Sequence<UInt8>, keepingLast ceiling: Int) -> String {
        let plain = plainText(bytes)
        var secrets = SecretPatterns.ranges(in: plain)
        for spelling in spellings {
            secrets += plain.ranges(of: spelling)
        }
        if let cut = beginningOfSecret(atEndOf: plain) { secrets.append(cut) }
        return SecretScrubber.text(plain, without: secrets, keepingLast: ceiling)
    }

    /// A secret of which the text has only the first bytes, at its very end: the program was stopped as it printed.
    private func beginningOfSecret(atEndOf text: [UInt8]) -> Range<Int>? {
        let end = text.last == UInt8(ascii: "\n") ? text.count - 1 : text.count
        for spelling in spellings {
            let longest = min(spelling.count - 1, end)
            guard longest >= JSONRedactor.shortestSecret else { continue }
            for count in stride(from: longest, through: JSONRedactor.shortestSecret, by: -1)
            where text[(end - count)..<end].elementsEqual(spelling[..<count]) {
                return (end - count)..<end
            }
        }
        return nil
    }

    /// Writes the text in one line, with a mark in the place of each secret; those that touch are one.
    private static func text(_ plain: [UInt8], without secrets: [Range<Int>], keepingLast ceiling: Int) -> String {
        var written: [UInt8] = []
        var place = 0
        func write(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes {
                // A line of ours is one line: nothing in it may look like the next.
                written.append(contentsOf: byte == 0x0A ? Array(" | ".utf8) : [byte])
            }
        }
        for secret in secrets.sorted(by: { $0.lowerBound < $1.lowerBound }) where secret.upperBound > place {
            if secret.lowerBound > place || place == 0 {
                write(plain[place..<max(place, secret.lowerBound)])
                written.append(contentsOf: Redacted.text.utf8)
            }
            place = secret.upperBound
        }
        write(plain[place...])
        while written.last == 0x20 || written.last == UInt8(ascii: "|") { written.removeLast() }
        var end = written.suffix(max(ceiling, 0))
        // Not in the middle of a character.
        if end.count < written.count { end = end.drop { $0 & 0xC0 == 0x80 } }
        return String(decoding: end, as: UTF8.self)
    }

    private static func spellings(of secret: String) -> [[UInt8]] {
        let raw = Array(secret.utf8)
        var escaped: [UInt8] = []
        appendJSONEscaped(raw, to: &escaped)
        let solidus = escaped.flatMap { $0 == UInt8(ascii: "/") ? [UInt8(ascii: "\\"), $0] : [$0] }
        return [
            raw, escaped, solidus, percentEncoded(raw), percentEncoded(raw, digits: "0123456789abcdef"),
        ]
    }
}

/// The text without what a terminal obeys: escape sequences (ECMA-48 section 5.4), control characters, and Unicode's
/// separators and direction marks. Line feeds stay, a carriage return becomes one.
private func plainText(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var plain = ""
    var scalars = String(decoding: Array(bytes), as: UTF8.self).unicodeScalars.makeIterator()
    while let scalar = scalars.next() {
        switch scalar.value {
        case 0x1B:
            skipEscapeSequence(&scalars)
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
            if plain.unicodeScalars.last != "\n" { plain.unicodeScalars.append("\n") }
        case 0x09:
            plain.unicodeScalars.append(" ")
        case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF:
            break
        default:
            plain.unicodeScalars.append(scalar)
        }
    }
    return Array(plain.utf8)
}

/// Skips what follows an ESC: a control sequence to its final byte, a string (such as a window's title) to its
/// terminator, or one character.
private func skipEscapeSequence(_ scalars: inout String.UnicodeScalarView.Iterator) {
    guard let kind = scalars.next() else { return }
    switch kind {
    case "[":
        while let scalar = scalars.next(), !(0x40...0x7E).contains(scalar.value) {}
    case "]", "P", "^", "_", "X":
        // Only to the end of the line, else one ESC would hide all that follows.
        while let scalar = scalars.next(), scalar.value != 0x07, scalar.value != 0x0A {
            if scalar.value == 0x1B {
                _ = scalars.next()
                return
            }
        }
    default:
        break
    }
}

extension [UInt8] {
    /// Where `wanted` stands; also where two of it overlap.
    fileprivate func ranges(of wanted: [UInt8]) -> [Range<Int>] {
        guard let first = wanted.first, count >= wanted.count else { return [] }
        return (0...(count - wanted.count)).compactMap { start in
            self[start] == first && self[start..<(start + wanted.count)].elementsEqual(wanted)
                ? start..<(start + wanted.count) : nil
        }
    }
}
