/// Makes JSON texts that are full of what `JSONRedactor` looks for, of beginnings of it, and of odd spellings.
struct RandomJSON {
    var random: SeededGenerator
    let names: [String]
    let secrets: [String]

    mutating func document() -> [UInt8] {
        Array((random.once(in: 2) ? object(depth: 4) : array(depth: 4)).utf8)
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth == 0 ? 6 : 9), using: &random) {
        case 0: ["true", "false", "null"].randomElement(using: &random) ?? "null"
        case 1:
            ["0", "-0", "12", "-3.25", "1e5", "1E-5", "0.0e+10", "123456789012"].randomElement(using: &random) ?? "0"
        case 2...5: string()
        case 6...7: object(depth: depth - 1)
        default: array(depth: depth - 1)
        }
    }

    private mutating func object(depth: Int) -> String {
        var members: [String] = []
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            let name = random.once(in: 3) ? names.randomElement(using: &random).map { quoted($0) } : nil
            members.append((name ?? string()) + spaces() + ":" + spaces() + value(depth: depth))
        }
        return "{" + spaces() + members.joined(separator: spaces() + "," + spaces()) + spaces() + "}"
    }

    private mutating func array(depth: Int) -> String {
        var elements: [String] = []
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            elements.append(value(depth: depth))
        }
        return "[" + spaces() + elements.joined(separator: spaces() + "," + spaces()) + spaces() + "]"
    }

    private mutating func spaces() -> String {
        random.once(in: 3) ? [" ", "\n", "\t\r\n ", "  "].randomElement(using: &random) ?? "" : ""
    }

    private mutating func string() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            let secret = secrets.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text += secret
            case 1: text += secret.prefix(Int.random(in: 0...secret.count, using: &random))
            case 2: text += secret.suffix(Int.random(in: 0...secret.count, using: &random))
            default: text += ["x", "é", "\n", "\"", "\\", "/", "😀", "plain text"].randomElement(using: &random) ?? ""
            }
        }
        return quoted(text)
    }

    /// The text as a JSON string, every character in one of its spellings.
    private mutating func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            let units = Array(String(scalar).utf16)
            if random.once(in: 4) {
                let isUpper = random.once(in: 2)
                for unit in units {
                    let digits = String(unit, radix: 16, uppercase: isUpper)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                switch scalar {
                case "\"": quoted += "\\\""
                case "\\": quoted += "\\\\"
                case "\n": quoted += "\\n"
                case "/": quoted += random.once(in: 2) ? "\\/" : "/"
                default: quoted.unicodeScalars.append(scalar)
                }
            }
            // Halves of pairs stand for nothing, and must not spoil what is beside them.
            if random.once(in: 20) {
                quoted += ["\\ud83d", "\\uDE00", "\\ud83d\\ud83d", "\\ud800\\n"].randomElement(using: &random) ?? ""
            }
        }
        return quoted + "\""
    }
}
