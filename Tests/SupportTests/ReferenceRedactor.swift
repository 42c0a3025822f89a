/// What `JSONRedactor` has to do, done slowly on a whole text that is known to be JSON.
struct ReferenceRedactor {
    var replacements: [String: String]
    var secrets: [[UInt8]]

    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        var place = 0
        return spaces(text, &place) + value(text, &place) + spaces(text, &place)
    }

    private func value(_ text: [UInt8], _ place: inout Int) -> [UInt8] {
        switch text[place] {
        case UInt8(ascii: "{"): return container(text, &place, isObject: true)
        case UInt8(ascii: "["): return container(text, &place, isObject: false)
        case UInt8(ascii: "\""): return string(text, &place).redacted
        default:
            let scalar = text[place...].prefix { !" \n\r\t,]}".utf8.contains($0) }
            place += scalar.count
            return Array(scalar)
        }
    }

    private func container(_ text: [UInt8], _ place: inout Int, isObject: Bool) -> [UInt8] {
        var output = [text[place]]
        place += 1
        while true {
            output += spaces(text, &place)
            switch text[place] {
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                output.append(text[place])
                place += 1
                if output.last != UInt8(ascii: ",") { return output }
            default:
                guard isObject else {
                    output += value(text, &place)
                    continue
                }
                let name = string(text, &place)
                output += name.redacted + spaces(text, &place) + [text[place]]
                place += 1
                output += spaces(text, &place)
                let value = value(text, &place)
                output +=
                    replacements[String(decoding: name.decoded, as: UTF8.self).lowercased()].map { Array($0.utf8) }
                    ?? value
            }
        }
    }

    private func spaces(_ text: [UInt8], _ place: inout Int) -> [UInt8] {
        let spaces = text[place...].prefix { " \n\r\t".utf8.contains($0) }
        place += spaces.count
        return Array(spaces)
    }

    /// A string without its escapes, and as it stands in the text without its secrets.
    private func string(_ text: [UInt8], _ place: inout Int) -> (decoded: [UInt8], redacted: [UInt8]) {
        let start = place
        place += 1
        var decoded: [UInt8] = []
        // For every decoded byte where its source begins and ends.
        var sources: [Range<Int>] = []
        while text[place] != UInt8(ascii: "\"") {
            let (bytes, length) = character(text, at: place)
            decoded += bytes
            sources += bytes.map { _ in place..<(place + length) }
            place += length
        }
        place += 1

        var isSecret = [Bool](repeating: false, count: text.count)
        for secret in secrets where secret.count <= decoded.count {
            for first in 0...(decoded.count - secret.count)
            where Array(decoded[first..<(first + secret.count)]) == secret {
                for byte in sources[first].lowerBound..<sources[first + secret.count - 1].upperBound {
                    isSecret[byte] = true
                }
            }
        }
        var redacted: [UInt8] = []
        for byte in start..<place {
            if !isSecret[byte] {
                redacted.append(text[byte])
            } else if !isSecret[byte - 1] {
                redacted += Array("[redacted]".utf8)
            }
        }
        return (decoded, redacted)
    }

    private func character(_ text: [UInt8], at place: Int) -> (bytes: [UInt8], length: Int) {
        guard text[place] == UInt8(ascii: "\\") else { return ([text[place]], 1) }
        let short: [Character: String] = [
            "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
        ]
        if let character = short[Character(Unicode.Scalar(text[place + 1]))] { return (Array(character.utf8), 2) }
        let unit = unit(text, at: place) ?? 0xFFFD
        if (0xD800..<0xDC00).contains(unit), let low = self.unit(text, at: place + 6), (0xDC00..<0xE000).contains(low) {
            return (Array(String(decoding: [unit, low], as: UTF16.self).utf8), 12)
        }
        return (Array(String(decoding: [unit], as: UTF16.self).utf8), 6)
    }

    private func unit(_ text: [UInt8], at place: Int) -> UInt16? {
        guard place + 6 <= text.count, text[place] == UInt8(ascii: "\\"), text[place + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt16(String(decoding: text[(place + 2)..<(place + 6)], as: UTF8.self), radix: 16)
    }
}
