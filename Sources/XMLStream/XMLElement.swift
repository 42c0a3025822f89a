/// An element with all that is in it: for small answers, and for records that are read one by one.
package struct XMLElement: Sendable, Equatable {
    package struct Attribute: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package let name: String
    package let attributes: [Attribute]
    package fileprivate(set) var children: [XMLElement] = []

    /// The text that stands in it, that of its children left out.
    package fileprivate(set) var text = ""

    /// The first child of that name.
    package subscript(name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// The children of that name.
    package func all(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }

    /// The text of the first element on a path of names: `RESPONSE/CODE`.
    package func text(at path: String) -> String? {
        path.split(separator: "/").reduce(self as XMLElement?) { $0?[String($1)] }?.text
    }

    package func attribute(_ name: String) -> String? {
        attributes.first { $0.name == name }?.value
    }

    /// Reads a whole document; its root. `options.text` bounds its size. Throws an `XMLFault`.
    package static func parse(_ bytes: [UInt8], options: XMLOptions = XMLOptions()) throws -> XMLElement {
        var root: XMLElement?
        let reader = XMLRecordReader(record: nil, options: options)
        try reader.push(bytes) { root = $0 }
        try reader.finish { root = $0 }
        guard let root else { throw XMLFault.truncated }
        return root
    }
}

/// Reads the elements of one name out of a document of any length, one by one, as its bytes come.
///
///     let reader = XMLRecordReader(record: "VULN")
///     for chunk in answer { try reader.push(chunk) { vulnerability in ... } }
///     try reader.finish { vulnerability in ... }
package final class XMLRecordReader {
    private let record: String?
    private let parser: ExpatParser
    private let ceiling: Int
    /// The record that is read, and the elements in it that are open, innermost last.
    private var open: [XMLElement] = []
    private var texts: [[UInt8]] = []
    private var size = 0

    /// - Parameters:
    ///   - record: The name of the elements; nil for the root. One in another is a child of that.
    ///   - options: `text` is the most bytes of a record: of names, texts and attributes, and 64 for each element.
    package init(record: String?, options: XMLOptions = XMLOptions()) {
        self.record = record
        ceiling = options.text
        parser = ExpatParser(names: [], wanted: [], texts: .all, options: options)
    }

    /// The name of the root element, when it has begun.
    package var rootName: String? { parser.rootName }

    /// Control characters that were taken out.
    package var removedControls: Int { parser.removedControls }

    /// Places that were no UTF-8, or no character of XML, and became U+FFFD.
    package var repairedPlaces: Int { parser.repairedPlaces }

    /// Takes the next bytes and gives each record that is complete. Throws an `XMLFault`, and what `body` throws; nothing
    /// may be read afterwards.
    package func push(_ chunk: UnsafeRawBufferPointer, _ body: (XMLElement) throws -> Void) throws {
        try parser.push(chunk) { try drain(body) }
    }

    package func push(_ chunk: [UInt8], _ body: (XMLElement) throws -> Void) throws {
        try chunk.withUnsafeBytes { try push($0, body) }
    }

    /// Has to be called at the end of the document: fails when it is not complete.
    package func finish(_ body: (XMLElement) throws -> Void = { _ in }) throws {
        try parser.finish { try drain(body) }
    }

    private func drain(_ body: (XMLElement) throws -> Void) throws {
        for event in parser.list {
            switch event.kind {
            case .start: try begin(event)
            case .text where !open.isEmpty:
                try count(Int(event.count))
                texts[texts.count - 1].append(contentsOf: parser.text(event))
            case .end where !open.isEmpty: try end(body)
            case .text, .end: break
            }
        }
    }

    private func begin(_ event: XMLEvent) throws {
        let name = parser.name(event.id)
        if open.isEmpty {
            guard name == record ?? name else { return }
            size = 0
        }
        try count(64 + name.utf8.count + Int(event.count))
        let attributes = parser.attributes(event).all.map { XMLElement.Attribute(name: $0.name, value: $0.value) }
        open.append(XMLElement(name: name, attributes: attributes))
        texts.append([])
    }

    private func end(_ body: (XMLElement) throws -> Void) throws {
        guard var element = open.popLast(), let text = texts.popLast() else { return }
        element.text = String(decoding: text, as: UTF8.self)
        if open.isEmpty {
            try body(element)
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    private func count(_ bytes: Int) throws {
        size += bytes
        if size > ceiling { throw XMLFault.tooLong(element: record ?? "root", ceiling: ceiling) }
    }
}
