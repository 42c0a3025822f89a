import Support
import XMLStream

/// A VULN of the KnowledgeBase as a row: texts by the names of its elements.
///
/// An element with elements in it becomes JSON as xmltodict and Python's json make it of it: attributes as `@name`, an
/// element that occurs several times as a list, text beside others as `#text`, nothing as null.
struct KnowledgeBaseRecord: Sendable, Equatable {
    let fields: [(name: String, text: String)]

    /// What no column holds, as a JSON object, or an empty text.
    let others: String

    /// Nil for a record without a QID.
    init?(_ record: XMLElement) {
        guard let qid = record["QID"]?.trimmedText, !qid.isEmpty, qid.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else {
            return nil
        }
        var fields: [(name: String, text: String)] = []
        var others: [(name: String, values: [XMLElement])] = []
        for (name, values) in record.grouped {
            guard SnapshotTable.knowledgeBase.parameter(of: .member(name)) != nil else {
                others.append((name, values))
                continue
            }
            if values.count == 1, values[0].children.isEmpty, values[0].attributes.isEmpty {
                fields.append((name, values[0].trimmedText))
            } else {
                fields.append((name, pythonJSON(values, listed: name == "CVE_LIST" ? "CVE" : nil)))
            }
        }
        self.fields = fields
        self.others = others.isEmpty ? "" : objectJSON(others.map { ($0.name, pythonJSON($0.values)) })
    }

    static func == (left: KnowledgeBaseRecord, right: KnowledgeBaseRecord) -> Bool {
        left.others == right.others
            && left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.text == $1.text }
    }
}

extension XMLElement {
    /// As Python's `strip` has it, in ASCII.
    fileprivate var trimmedText: String {
        let blanks: Set<Character> = [" ", "\t", "\n", "\r", "\r\n", "\u{0B}", "\u{0C}"]
        var rest = text.drop { blanks.contains($0) }
        while let last = rest.last, blanks.contains(last) { rest.removeLast() }
        return String(rest)
    }

    /// Its children by name, each name where it came first.
    fileprivate var grouped: [(name: String, values: [XMLElement])] {
        var groups: [(name: String, values: [XMLElement])] = []
        for child in children {
            if let place = groups.firstIndex(where: { $0.name == child.name }) {
                groups[place].values.append(child)
            } else {
                groups.append((child.name, [child]))
            }
        }
        return groups
    }

    /// - Parameter listed: The name of children that are a list even if there is one.
    fileprivate func json(listed: String? = nil) -> String {
        let text = trimmedText
        let inner = text.isEmpty ? "null" : quoted(text)
        guard !children.isEmpty || !attributes.isEmpty else { return inner }
        var members = attributes.map { ("@\($0.name)", quoted($0.value)) }
        for (name, values) in grouped {
            let list = values.count == 1 && name == listed ? "[\(values[0].json())]" : pythonJSON(values)
            members.append((name, list))
        }
        if !text.isEmpty { members.append(("#text", inner)) }
        return objectJSON(members)
    }
}

private func pythonJSON(_ values: [XMLElement], listed: String? = nil) -> String {
    let texts = values.map { $0.json(listed: listed) }
    return texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
}

private func objectJSON(_ members: [(String, String)]) -> String {
    "{" + members.map { "\(quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
}

/// As Python's json writes it: ASCII only.
private func quoted(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    for unit in text.utf16 {
        switch unit {
        case 0x22, 0x5C:
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(UInt8(truncatingIfNeeded: unit))
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x20..<0x7F: bytes.append(UInt8(truncatingIfNeeded: unit))
        default:
            let digits = String(unit, radix: 16)
            bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8)
        }
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
}
