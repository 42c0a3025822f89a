import Glibc
import Support
import TestSupport
import Testing

@testable import Files

@Suite struct FileReadingTests {
    private func withFolder(_ body: (_ folder: String) throws -> Void) throws {
        let folder = "/tmp/\(uniqueName())"
        try makeFolders(for: folder + "/", mode: 0o700)
        defer {
            for name in (try? names(inFolder: folder)) ?? [] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        try body(folder)
    }

    @Test(arguments: [0, 1, 256 << 10, 600_000])
    func `A file is read as it was written, and not beyond its limit`(_ count: Int) throws {
        try withFolder { folder in
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let file = try AtomicFile(path: folder + "/file", limit: .max)
            try file.append(bytes)
            _ = try file.commit()
            #expect(try contents(ofFile: folder + "/file", limit: count) == bytes)
            if count > 0 {
                #expect(throws: FileFault.self) { try contents(ofFile: folder + "/file", limit: count - 1) }
            }
        }
    }

    @Test func `What is not there, or is a folder, is a fault`() throws {
        try withFolder { folder in
            #expect(throws: FileFault.self) { try contents(ofFile: folder + "/none", limit: 1) }
            #expect(throws: FileFault.self) { try contents(ofFile: folder, limit: 1) }
            #expect(throws: FileFault.self) { try names(inFolder: folder + "/none") }
        }
    }

    @Test func `The names in a folder are sorted`() throws {
        try withFolder { folder in
            for name in ["b", "a", "é", ".hidden"] {
                _ = try AtomicFile(path: "\(folder)/\(name)", limit: 1).commit()
            }
            #expect(try names(inFolder: folder) == [".hidden", "a", "b", "é"])
        }
    }

    @Test func `Folders are made as far as they are not there, with their mode`() throws {
        try withFolder { folder in
            defer {
                rmdir(folder + "/x/y")
                rmdir(folder + "/x")
            }
            for _ in 0..<2 { try makeFolders(for: folder + "/x/y/", mode: 0o700) }
            var status = stat()
            #expect(stat(folder + "/x/y", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            _ = try AtomicFile(path: folder + "/file", limit: 1).commit()
            #expect(throws: FileFault.self) { try makeFolders(for: folder + "/file/x/") }
        }
    }
}
