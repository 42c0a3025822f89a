import Foundation
import Hashing
import Support
import TestSupport
import Testing

@testable import Files

@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var path: String { "\(folder.path)/page.json" }

    private func content(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { Array($0) }
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    @Test func `A file appears under its name when it is complete, with its length and hash`() throws {
        let file = try AtomicFile(path: path, limit: 100, hashing: true)
        try file.append(Array("one, ".utf8))
        try file.append([])
        try file.append(Array("two".utf8))
        #expect(try names == ["page.json.part"])
        let written = try file.commit()
        #expect(try names == ["page.json"])
        #expect(content(path) == Array("one, two".utf8))
        let hash = hexText(SHA256.digest(Array("one, two".utf8)))
        #expect(written == AtomicFile.Written(path: path, bytes: 8, sha256: hash))
        #expect(TemporaryFolder.mode(path) == 0o600)
    }

    @Test func `A file that is not complete leaves nothing, and the old one as it was`() throws {
        _ = try folder.write("page.json", Array("old".utf8))
        do {
            let file = try AtomicFile(path: path, limit: 100)
            try file.append(Array("new".utf8))
        }
        #expect(try names == ["page.json"])
        #expect(content(path) == Array("old".utf8))
    }

    @Test func `The new file takes the place of the old one, and of the part of a killed run`() throws {
        _ = try folder.write("page.json", Array("old".utf8))
        _ = try folder.write("page.json.part", Array("a longer rest of a run".utf8))
        let file = try AtomicFile(path: path, limit: 100)
        try file.append(Array("new".utf8))
        #expect(try file.commit().sha256 == nil)
        #expect(try names == ["page.json"])
        #expect(content(path) == Array("new".utf8))
    }

    @Test func `More bytes than the limit are refused`() throws {
        let file = try AtomicFile(path: path, limit: 4)
        try file.append([1, 2, 3, 4])
        let fault = #expect(throws: FileFault.self) { try file.append([5]) }
        #expect(fault?.label == "File.TooLarge")
        #expect(fault?.description == "The file page.json would have more than 4 bytes.")
        #expect(file.count == 4)
    }

    @Test func `A link in the place of the part is not followed`() throws {
        let target = try folder.write("other", Array("keep".utf8))
        try folder.link("page.json.part", to: target)
        #expect(throws: FileFault.self) { try AtomicFile(path: path, limit: 4) }
        #expect(content(target) == Array("keep".utf8))
    }

    @Test func `A name that cannot be given leaves no part`() throws {
        try FileManager.default.createDirectory(atPath: path + "/full", withIntermediateDirectories: true)
        let file = try AtomicFile(path: path, limit: 4)
        let fault = #expect(throws: FileFault.self) { try file.commit() }
        #expect(fault?.label == "File.System")
        #expect(try names == ["page.json"])
    }

    @Test func `A folder that is not there is told without its path`() {
        let fault = #expect(throws: FileFault.self) {
            try AtomicFile(path: "\(folder.path)/none/page.json", limit: 4)
        }
        #expect(fault?.description == "The file page.json failed in making it: No such file or directory.")
    }
}
