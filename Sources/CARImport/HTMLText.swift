/// The text of the KnowledgeBase's HTML: element marks, comments, scripts and styles are gone, character references are
/// decoded, and the address of a link stands after its text.
///
/// It reads as browsers do what is broken: `<` that begins no mark is text, and a mark that the end cuts off is gone.
func plainText(ofHTML source: String) -> String {
    var reader = HTMLReader(source)
    return reader.read()
}

private struct HTMLReader {
    private let bytes: [UInt8]
    private var place = 0
    private var text: [UInt8] = []
    /// Of the link that is open.
    private var address: [UInt8] = []

    init(_ source: String) {
        bytes = Array(source.utf8)
    }

    mutating func read() -> String {
        while place < bytes.count {
            let start = place
            while place < bytes.count, bytes[place] != UInt8(ascii: "<") { place += 1 }
            append(start..<place)
            if place < bytes.count { readMark() }
        }
        endLink()
        return decoded(text)
    }

    /// At a `<`.
    private mutating func readMark() {
        let next = place + 1 < bytes.count ? bytes[place + 1] : 0
        if starts(with: "<!--") {
            place = end(of: "-->", from: place + 4)
            text.append(0x20)
        } else if isLetter(next) || (next == UInt8(ascii: "/") && place + 2 < bytes.count && isLetter(bytes[place + 2]))
        {
            readElement(isEnd: next == UInt8(ascii: "/"))
        } else if next == UInt8(ascii: "/") || next == UInt8(ascii: "!") {
            place = end(of: ">", from: place + 2)
            text.append(0x20)
        } else {
            text.append(bytes[place])
            place += 1
        }
    }

    private mutating func readElement(isEnd: Bool) {
        let nameStart = place + (isEnd ? 2 : 1)
        var nameEnd = nameStart
        while nameEnd < bytes.count, !isSpace(bytes[nameEnd]), bytes[nameEnd] != UInt8(ascii: "/"),
            bytes[nameEnd] != UInt8(ascii: ">")
        { nameEnd += 1 }
        let name = String(decoding: bytes[nameStart..<nameEnd], as: UTF8.self).lowercased()
        // A broken mark, `<script<`, begins a script all the same.
        let raw =
            isEnd
            ? nil
            : ["script", "style"].first { name.hasPrefix($0) && !isWordByte(name.utf8.dropFirst($0.count).first) }
        let end = raw == nil ? endOfMark(from: nameEnd) : bytes[nameEnd...].firstIndex(of: UInt8(ascii: ">"))
        text.append(0x20)
        // Cut off: gone with all that is in it.
        guard let end else { return place = bytes.count }
        place = end + 1
        if let raw {
            skip(raw)
        } else if name == "a" {
            endLink()
            address = isEnd ? [] : value(of: "href", in: nameEnd..<end) ?? []
        }
    }

    /// Where the `>` of a mark is: not within a quoted value, unless its quote is never closed.
    private func endOfMark(from start: Int) -> Int? {
        var quote: UInt8?
        for index in start..<bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return index
            }
        }
        return bytes[start...].firstIndex(of: UInt8(ascii: ">"))
    }

    /// Goes beyond the end of an element whose content is no text.
    private mutating func skip(_ name: String) {
        let mark = Array("</\(name)".utf8)
        while place < bytes.count {
            let rest = bytes[place...]
            if rest.count >= mark.count, zip(rest, mark).allSatisfy({ $0 == $1 || ($0 | 0x20) == $1 }) {
                var end = place + mark.count
                while end < bytes.count, isSpace(bytes[end]) { end += 1 }
                if end < bytes.count, bytes[end] == UInt8(ascii: ">") {
                    place = end + 1
                    return
                }
            }
            place += 1
        }
    }

    /// The value of an attribute, with quotes around it or without.
    private func value(of name: String, in range: Range<Int>) -> [UInt8]? {
        var index = range.lowerBound
        while index < range.upperBound {
            while index < range.upperBound, isSpace(bytes[index]) || bytes[index] == UInt8(ascii: "/") { index += 1 }
            let start = index
            while index < range.upperBound, !isSpace(bytes[index]), bytes[index] != UInt8(ascii: "=") { index += 1 }
            let found = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
            var next = index
            while next < range.upperBound, isSpace(bytes[next]) { next += 1 }
            guard next < range.upperBound, bytes[next] == UInt8(ascii: "=") else {
                if index == start { index += 1 }
                continue
            }
            index = next + 1
            while index < range.upperBound, isSpace(bytes[index]) { index += 1 }
            guard index < range.upperBound else { return nil }
            let quote = bytes[index]
            let valueRange: Range<Int>
            if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                let close = bytes[(index + 1)..<range.upperBound].firstIndex(of: quote)
            {
                valueRange = (index + 1)..<close
                index = close + 1
            } else {
                let valueStart = index
                while index < range.upperBound, !isSpace(bytes[index]), bytes[index] != UInt8(ascii: "\""),
                    bytes[index] != UInt8(ascii: "'")
                { index += 1 }
                valueRange = valueStart..<index
                if index == valueStart { index += 1 }
            }
            if found == name { return Array(bytes[valueRange]) }
        }
        return nil
    }

    private mutating func endLink() {
        guard !address.isEmpty else { return }
        text.append(0x20)
        text += address
        text.append(0x20)
        address = []
    }

    private mutating func append(_ range: Range<Int>) { text += bytes[range] }

    private func starts(with mark: StaticString) -> Bool {
        guard place + mark.utf8CodeUnitCount <= bytes.count else { return false }
        return (0..<mark.utf8CodeUnitCount).allSatisfy { bytes[place + $0] == mark.utf8Start[$0] }
    }

    /// Where what follows a mark begins, or the end of it all.
    private func end(of mark: String, from start: Int) -> Int {
        let mark = Array(mark.utf8)
        var index = start
        while index + mark.count <= bytes.count {
            if bytes[index..<(index + mark.count)].elementsEqual(mark) { return index + mark.count }
            index += 1
        }
        return bytes.count
    }
}

private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
private func isWordByte(_ byte: UInt8?) -> Bool {
    byte.map { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") || $0 >= 0x80 } ?? false
}
private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// Decodes character references, by their numbers or names; what is none stays as it is.
private func decoded(_ source: [UInt8]) -> String {
    guard source.contains(UInt8(ascii: "&")) else { return String(decoding: source, as: UTF8.self) }
    var text: [UInt8] = []
    var rest = source[...]
    while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
        text += rest[..<start]
        let body = rest[(start + 1)...]
        if let (reference, length) = reference(body.prefix(40)) {
            text += Array(String(reference).utf8)
            rest = body.dropFirst(length)
        } else {
            text.append(UInt8(ascii: "&"))
            rest = body
        }
    }
    return String(decoding: text + rest, as: UTF8.self)
}

/// What a reference stands for, given what follows its `&`, and how long it is.
private func reference(_ body: ArraySlice<UInt8>) -> (text: String, length: Int)? {
    guard body.first != UInt8(ascii: "#") else { return numbered(body) }
    let name = body.prefix { isLetter($0) || (0x30...0x39).contains($0) }
    let text = String(decoding: name, as: UTF8.self)
    let hasEnd = body.dropFirst(name.count).first == UInt8(ascii: ";")
    if hasEnd, let scalar = HTMLEntities.strict[text] ?? HTMLEntities.lenient[text] {
        return (String(scalar), name.count + 1)
    }
    for length in stride(from: name.count, to: 1, by: -1) {
        if let scalar = HTMLEntities.lenient[String(text.prefix(length))] { return (String(scalar), length) }
    }
    return nil
}

private func numbered(_ body: ArraySlice<UInt8>) -> (text: String, length: Int)? {
    var digits = body.dropFirst()
    let isHexadecimal = digits.first == UInt8(ascii: "x") || digits.first == UInt8(ascii: "X")
    if isHexadecimal { digits = digits.dropFirst() }
    let number = digits.prefix { (0x30...0x39).contains($0) || (isHexadecimal && (0x61...0x66).contains($0 | 0x20)) }
    guard !number.isEmpty else { return nil }
    var length = number.endIndex - body.startIndex
    if body.dropFirst(length).first == UInt8(ascii: ";") { length += 1 }
    let code = UInt32(String(decoding: number, as: UTF8.self), radix: isHexadecimal ? 16 : 10) ?? 0x110000
    // Codes of Windows-1252, which HTML takes for what was meant.
    let meant = (0x80...0x9F).contains(code) ? windows1252[Int(code) - 0x80] : code
    if meant == 0 || meant > 0x10FFFF || (0xD800...0xDFFF).contains(meant) { return ("\u{FFFD}", length) }
    let isControl = meant < 0x20 && ![0x09, 0x0A, 0x0C, 0x0D].contains(meant)
    return (isControl ? "" : Unicode.Scalar(meant).map { String($0) } ?? "", length)
}

/// https://html.spec.whatwg.org/#numeric-character-reference-end-state
private let windows1252: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D,
    0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E,
    0x0178,
]
