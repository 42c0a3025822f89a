import Glibc
import TestSupport
import Testing

@testable import FunctionScan

@Suite struct ScratchRootTests {
    private let parent: TemporaryFolder
    private let name = "ctl-0123456789abcdef0123456789abcdef"

    init() throws {
        parent = try TemporaryFolder()
    }

    /// A folder as a killed process leaves it: nobody has its lock.
    private func leave(_ name: String) throws -> String {
        let path = "\(parent.path)/\(name)"
        mkdir(path, 0o700)
        mkdir(path + "/scan", 0o500)
        _ = try parent.write("\(name)/answer.xml", [1])
        return path
    }

    @Test func `What a killed process left goes when the next one begins`() throws {
        _ = try leave(name)
        let root = try ScratchRoot(in: parent.path, prefix: "ctl-")
        #expect(try parent.names().map { "\(parent.path)/\($0)" } == [root.path])
        #expect(TemporaryFolder.mode(root.path) == 0o700)
        root.remove()
        #expect(try parent.names().isEmpty)
    }

    @Test func `What another process works with stays, and goes when that has ended`() throws {
        var first: ScratchRoot? = try ScratchRoot(in: parent.path, prefix: "ctl-")
        let path = try #require(first?.path)
        let second = try ScratchRoot(in: parent.path, prefix: "ctl-")
        #expect(TemporaryFolder.mode(path) != nil && second.path != path)
        withExtendedLifetime(first) {}
        first = nil
        let third = try ScratchRoot(in: parent.path, prefix: "ctl-")
        #expect(TemporaryFolder.mode(path) == nil)
        #expect(TemporaryFolder.mode(second.path) != nil && TemporaryFolder.mode(third.path) != nil)
    }

    @Test func `Of many that begin at the same time none takes another's away`() async throws {
        let folder = parent.path
        try await withThrowingTaskGroup(of: ScratchRoot.self) { group in
            for _ in 0..<200 { group.addTask { try ScratchRoot(in: folder, prefix: "ctl-") } }
            var roots: [ScratchRoot] = []
            for try await root in group { roots.append(root) }
            #expect(Set(try parent.names().map { "\(folder)/\($0)" }) == Set(roots.map(\.path)) && roots.count == 200)
        }
    }

    @Test(arguments: ["ctl-notes", "ctl-0123456789ABCDEF0123456789ABCDEF", "other-0123456789abcdef0123456789abcdef"])
    func `A folder with another name stays`(name: String) throws {
        let path = try leave(name)
        _ = try ScratchRoot(in: parent.path, prefix: "ctl-")
        #expect(TemporaryFolder.mode(path + "/answer.xml") != nil)
    }

    @Test func `A link is not followed, whether it has such a name or stands in such a folder`() throws {
        let target = try leave("target")
        try parent.link("ctl-00000000000000000000000000000000", to: target)
        let left = try leave(name)
        try parent.link("\(name)/link", to: target)
        _ = try ScratchRoot(in: parent.path, prefix: "ctl-")
        #expect(TemporaryFolder.mode(left) == nil)
        #expect(TemporaryFolder.mode(target + "/answer.xml") != nil && TemporaryFolder.mode(target + "/scan") == 0o500)
    }

    @Test func `A root that cannot be made is an error that says so`() throws {
        let file = try parent.write("file", [])
        let error = #expect(throws: ScratchError.self) { try ScratchRoot(in: file, prefix: "ctl-") }
        #expect(error?.label == "Scratch.Unwritable")
    }
}
