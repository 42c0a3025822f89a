import Foundation
import TestSupport
import Testing

@testable import XMLStream

/// The readers against Python's expat, on random documents cut anywhere.
@Suite(.timeLimit(.minutes(4))) struct ExpatTests {
    private struct Vector: Decodable {
        var text: Data
        var repairs: Bool
        var removed: Int
        var root: Node?
    }

    /// A list of name, attributes, own text, all text in it, and children.
    private struct Node: Decodable {
        var name: String
        var attributes: [String: String]
        var text: String
        var allText: String
        var children: [Node]

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            name = try list.decode(String.self)
            attributes = try list.decode([String: String].self)
            text = try list.decode(String.self)
            allText = try list.decode(String.self)
            children = try list.decode([Node].self)
        }

        func isSame(as element: XMLElement) -> Bool {
            name == element.name && text == element.text
                && attributes == Dictionary(element.attributes.map { ($0.name, $0.value) }) { first, _ in first }
                && children.count == element.children.count
                && zip(children, element.children).allSatisfy { $0.isSame(as: $1) }
        }
    }

    /// Writes down what it is told.
    struct Notes: XMLConsumer {
        enum Element: String, CaseIterable {
            case host = "HOST"
            case id = "ID"
            case results = "RESULTS"
            case long =
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            case foreign = "ä-ö.1"
        }

        static let texts: Set<Element> = [.id, .results, .foreign]

        var lines: [String] = []

        mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {
            let pairs = attributes.all.map { "\($0.name)=\($0.value)" }.sorted()
            lines.append("<\(element) \(depth) \(pairs)")
        }

        mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) {
            lines.append(">\(element) \(depth) \(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test(arguments: [2026, 11, 21])
    func `A random document is taken or refused as Python's expat does, with the same content`(seed: Int) async throws {
        let output = try await Python.output(of: "xml_vectors.py", [String(seed), "1500"], beside: #filePath)
        let vectors = try output.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Vector.self, from: Data($0))
        }
        #expect(vectors.count == 1500)
        #expect(vectors.count { $0.root == nil } > 200)
        #expect(vectors.count { $0.root != nil && $0.removed > 0 } > 40)
        var random = SeededGenerator(seed: UInt64(seed))
        var different: [String] = []
        for vector in vectors {
            let pieces = cut(Array(vector.text), &random)
            let options = XMLOptions(repairs: vector.repairs)
            let (root, removed) = read(pieces, options)
            let notes = note(pieces, options)
            let isSame =
                if let root, let expected = vector.root {
                    expected.isSame(as: root) && removed == vector.removed
                } else {
                    root == nil && vector.root == nil
                }
            if !isSame || notes != vector.root.map({ expectedNotes($0, depth: 1) }) {
                different.append("\(vector.text.base64EncodedString()) -> \(root.map { "\($0)" } ?? "refused")")
            }
        }
        #expect(different.isEmpty, "\(different.count) differ: \(different.prefix(2))")
    }

    private func read(_ pieces: [[UInt8]], _ options: XMLOptions) -> (XMLElement?, removed: Int) {
        let reader = XMLRecordReader(record: nil, options: options)
        var root: XMLElement?
        do {
            for piece in pieces { try reader.push(piece) { root = $0 } }
            try reader.finish { root = $0 }
        } catch {
            #expect(error is XMLFault)
            return (nil, 0)
        }
        return (root, reader.removedControls)
    }

    private func note(_ pieces: [[UInt8]], _ options: XMLOptions) -> [String]? {
        let reader = XMLStreamReader(Notes(), options: options)
        do {
            for piece in pieces { try reader.push(piece) }
            try reader.finish()
        } catch {
            return nil
        }
        return reader.consumer.lines
    }

    private func expectedNotes(_ node: Node, depth: Int) -> [String] {
        let inner = node.children.flatMap { expectedNotes($0, depth: depth + 1) }
        guard let element = Notes.Element(rawValue: node.name) else { return inner }
        let pairs = node.attributes.map { "\($0.key)=\($0.value)" }.sorted()
        let text = Notes.texts.contains(element) ? node.allText : ""
        return ["<\(element) \(depth) \(pairs)"] + inner + [">\(element) \(depth) \(text)"]
    }

    private func cut(_ text: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        let most = [1, 3, 20, 400][Int.random(in: 0..<4, using: &random)]
        var pieces: [[UInt8]] = []
        var start = 0
        while start < text.count {
            let end = min(text.count, start + Int.random(in: 1...most, using: &random))
            pieces.append(Array(text[start..<end]))
            start = end
        }
        return pieces
    }
}
