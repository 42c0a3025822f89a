import Foundation
import Hashing
import Support
import TestSupport
import Testing

@testable import Compression

@Suite(.timeLimit(.minutes(2))) struct GzipTests {
    /// Texts that pack well and not at all, of lengths around the edges of pieces.
    static let samples: [[UInt8]] = {
        var random = SeededGenerator(seed: 2026)
        let lengths = [0, 1, 2, 1000, 65_535, 65_536, 65_537, 300_000, 2_000_000]
        return lengths.map { length in
            (0..<length).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : UInt8($0 & 0x3F) }
        } + [[UInt8](repeating: 0, count: 5_000_000)]
    }()

    @Test func `Python unpacks what is written, at any level and cut anywhere`() async throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 21)
        var paths: [String] = []
        for (index, sample) in Self.samples.enumerated() {
            let writer = GzipWriter(level: index % 10)
            var packed: [UInt8] = []
            for piece in cut(sample, &random) { writer.write(piece) { packed.append(contentsOf: $0) } }
            writer.finish { packed.append(contentsOf: $0) }
            paths.append(try folder.write("\(index).gz", packed))
        }
        let output = try await Python.output(of: "gzip_peer.py", ["unpack"] + paths)
        let hashes = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(hashes == Self.samples.map { hexText(SHA256.digest($0)) })
    }

    @Test func `What Python packs is unpacked, of several members and with zeros after them`() async throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 22)
        let paths = try Self.samples.enumerated().map { try folder.write("\($0.offset)", $0.element) }
        _ = try await Python.output(of: "gzip_peer.py", ["pack"] + paths)
        for (path, sample) in zip(paths, Self.samples) {
            let packed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
            let unpacked = try unpack(cut(packed, &random))
            #expect(unpacked == sample)
        }
    }

    @Test func `The same bytes give the same file, without a time, also after a reset`() {
        let sample = Self.samples[7]
        let writer = GzipWriter()
        var files: [[UInt8]] = []
        for _ in 0..<2 {
            var packed: [UInt8] = []
            writer.write(sample) { packed.append(contentsOf: $0) }
            writer.finish { packed.append(contentsOf: $0) }
            files.append(packed)
            writer.reset()
        }
        #expect(files[0] == files[1])
        #expect(files[0] == GzipWriter.compress(sample))
        // RFC 1952 section 2.3: the flags and the time.
        #expect(files[0][3..<8].allSatisfy { $0 == 0 })
    }

    @Test func `A file that is cut anywhere is not complete`() throws {
        let packed = GzipWriter.compress(Array("The bytes of a page, the bytes of a page.".utf8))
        for length in 0..<packed.count {
            #expect(throws: GzipFault.truncated) { _ = try unpack([Array(packed[..<length])]) }
        }
        #expect(throws: GzipFault.truncated) { _ = try unpack([packed, Array(packed[..<5])]) }
    }

    @Test func `A damaged file is never taken for another`() throws {
        let sample = Array(Self.samples[3])
        let packed = GzipWriter.compress(sample)
        // The first ten bytes hold what is no matter: the time, the system, the level.
        for index in 10..<packed.count {
            var damaged = packed
            damaged[index] ^= 0x10
            #expect(throws: GzipFault.self) { _ = try unpack([damaged]) }
        }
    }

    @Test(arguments: ["x", "{\"ServiceResponse\": 1}", "\u{1F}\u{8B}no", "PK\u{3}\u{4}"])
    func `What is not gzip is refused`(_ text: String) {
        #expect(throws: GzipFault.self) { _ = try unpack([Array(text.utf8)]) }
    }

    @Test func `What comes after the last member has to be zeros`() {
        let packed = GzipWriter.compress([1])
        #expect(throws: GzipFault.corrupt) { _ = try unpack([packed + [0, 0, 7, 7, 7]]) }
    }

    @Test func `No more comes out than was allowed`() throws {
        let packed = GzipWriter.compress([UInt8](repeating: 7, count: 100_000_000))
        #expect(packed.count < 500_000)
        var most = 0
        let reader = GzipReader(limit: 1_000_000)
        #expect(throws: GzipFault.tooLarge(limit: 1_000_000)) { try reader.read(packed) { most += $0.count } }
        #expect(most <= 1_000_000)
        #expect(try unpack([GzipWriter.compress([1, 2, 3])], limit: 3) == [1, 2, 3])
    }

    @Test func `What the output throws comes through`() {
        struct Full: Error {}
        let writer = GzipWriter()
        #expect(throws: Full.self) { try writer.finish { (_) throws(Full) in throw Full() } }
        #expect(throws: Full.self) { try GzipReader(limit: 9).read(GzipWriter.compress([1])) { _ in throw Full() } }
    }

    private func unpack(_ pieces: [[UInt8]], limit: Int64 = .max) throws -> [UInt8] {
        let reader = GzipReader(limit: limit)
        var unpacked: [UInt8] = []
        for piece in pieces { try reader.read(piece) { unpacked.append(contentsOf: $0) } }
        try reader.finish()
        return unpacked
    }

    private func cut(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [[UInt8]] {
        let most = [1 << 10, 70_000, 1 << 22][Int.random(in: 0..<3, using: &random)]
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 0...most, using: &random))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}
