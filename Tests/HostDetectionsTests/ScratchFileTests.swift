import Files
import Hashing
import Jobs
import Support
import TestSupport
import Testing

@testable import HostDetections

@Suite("What waits to be stored")
struct ScratchFileTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/scratch" }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("It is in memory while it is small, and a file from then on", arguments: [1, 2, 100])
    func growing(pieces: Int) throws {
        let file = ScratchFile(path: path, gzips: false)
        let piece = [UInt8](repeating: 7, count: 100 << 10)
        for _ in 0..<pieces { try append(piece, to: file) }
        try file.keep()
        let expected = [UInt8](repeating: 7, count: pieces * piece.count)
        switch try file.content() {
        case .bytes(let bytes):
            #expect(pieces == 1 && bytes == expected)
            #expect(try folder.names().isEmpty)
        case .file(let path, let count, let sha256):
            #expect(pieces > 1 && Int(count) == expected.count)
            #expect(try folder.read(path) == expected)
            #expect(sha256 == hexText(SHA256.digest(expected)))
        case .spooled: Issue.record("It is no answer as it came.")
        }
    }

    @Test("What a failed attempt wrote is taken back, wherever it was", arguments: [(10, 10), (10, 300), (300, 10)])
    func takenBack(kept: Int, failed: Int) throws {
        let file = ScratchFile(path: path, gzips: false)
        try append([UInt8](repeating: 1, count: kept << 10), to: file)
        try file.keep()
        try append([UInt8](repeating: 2, count: failed << 10), to: file)
        try file.takeBack()
        try append([3], to: file)
        try file.keep()
        let content = try file.content()
        #expect(Int(content.byteCount) == (kept << 10) + 1)
        #expect(content.sha256 == hexText(SHA256.digest([UInt8](repeating: 1, count: kept << 10) + [3])))
    }

    @Test("Its file goes with it, and one that cannot be made is told")
    func gone() throws {
        do {
            let file = ScratchFile(path: path, gzips: false)
            try append([UInt8](repeating: 1, count: 300 << 10), to: file)
            let names = try folder.names()
            #expect(names == ["scratch"])
            withExtendedLifetime(file) {}
        }
        #expect(try folder.names().isEmpty)
        let file = ScratchFile(path: "\(folder.path)/none/scratch", gzips: false)
        let fault = #expect(throws: (any Error).self) { try append([UInt8](repeating: 1, count: 300 << 10), to: file) }
        #expect(fault as? FileFault == FileFault(path: path, doing: "making it", errno: 2))
    }

    private func append(_ bytes: [UInt8], to file: ScratchFile) throws {
        try bytes.withUnsafeBytes { try file.append($0) }
    }
}
