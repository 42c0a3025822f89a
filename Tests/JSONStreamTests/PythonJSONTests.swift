import Foundation
import TestSupport
import Testing

@testable import JSONStream

/// The reader against Python's json, on random texts cut anywhere.
@Suite(.timeLimit(.minutes(4))) struct PythonJSONTests {
    private struct Vector: Decodable {
        var text: Data
        var dumps: String?
        var page: Bool
        var items: [String]?
        var found: [String?]?
    }

    @Test(arguments: [2026, 11, 21])
    func `A random text is taken or refused as Python does, with the same values`(seed: Int) async throws {
        let lines = try await Python.output(of: "json_vectors.py", [String(seed), "1500"], beside: #filePath)
        let vectors = try lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(Vector.self, from: Data($0))
        }
        #expect(vectors.count == 1500)
        #expect(vectors.count { $0.dumps == nil } > 200)
        #expect(vectors.count { $0.page } > 200)
        var random = SeededGenerator(seed: UInt64(seed))
        var parser = JSONParser()
        var different: [String] = []
        for vector in vectors {
            let text = Array(vector.text)
            let whole = try? parser.parse(text) { $0.pythonJSON }
            let cut = dumpsOfPieces(text, &random)
            if whole != vector.dumps || cut != vector.dumps {
                different.append("\(String(decoding: text, as: UTF8.self)) -> \(whole ?? "-"), \(cut ?? "-")")
            }
            if vector.page, try !isSamePage(vector, text, &random) {
                different.append(String(decoding: text, as: UTF8.self))
            }
        }
        #expect(different.isEmpty, "\(different.count) differ: \(different.prefix(3))")
    }

    private func dumpsOfPieces(_ text: [UInt8], _ random: inout SeededGenerator) -> String? {
        let pieces = cut(text, &random)
        var dumps: String?
        var reader = JSONStreamReader(items: "")
        do {
            for piece in pieces { try reader.push(piece) { dumps = $0.pythonJSON } }
            try reader.finish { dumps = $0.pythonJSON }
        } catch {
            dumps = nil
        }
        #expect(isTaken(pieces) == (dumps != nil), "keeping nothing changes what is taken")
        return dumps
    }

    private func isTaken(_ pieces: [[UInt8]]) -> Bool {
        var reader = JSONStreamReader()
        do {
            for piece in pieces { try reader.push(piece) }
            try reader.finish()
        } catch {
            return false
        }
        return true
    }

    private func isSamePage(_ vector: Vector, _ text: [UInt8], _ random: inout SeededGenerator) throws -> Bool {
        let paths: [JSONPath] = ["ServiceResponse.responseCode", "ServiceResponse.lastId"]
        var reader = JSONStreamReader(items: "ServiceResponse.data[]", found: paths)
        var items: [String] = []
        for piece in cut(text, &random) { try reader.push(piece) { items.append($0.pythonJSON) } }
        try reader.finish()
        var found: [String?] = []
        for path in paths { found.append(reader[path]?.text) }
        return items == vector.items && found == vector.found
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

    @Test func `A floating-point number is written as Python's repr does`() async throws {
        let output = try await Python.output(of: "float_vectors.py", ["5000"], beside: #filePath)
        let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 5000)
        for line in lines {
            let parts = line.split(separator: " ")
            let bits = try #require(UInt64(parts[0], radix: 16))
            #expect(pythonRepr(Double(bitPattern: bits)) == parts[1])
        }
    }
}
