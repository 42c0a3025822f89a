import Files
import Glibc
import QScanner
import Support

/// Makes and removes the folders of scans, all below one root.
package struct ScratchFolders: Sendable {
    private let root: String
    private let name: @Sendable () -> String

    /// - Parameters:
    ///   - root: A folder of this program's own; it is made when it is first needed.
    ///   - name: A name that was never given before.
    package init(root: String, name: @escaping @Sendable () -> String = { uniqueName() }) {
        self.root = root
        self.name = name
    }

    /// Removes what a killed process left: in Lambda /tmp outlives the process, and a few scans would fill it.
    package func removeLeftovers() {
        removeTree(root)
    }

    func make() throws(ScratchError) -> ScanScratch {
        ScanScratch(path: try makeFolder())
    }

    /// Gives a new folder to `body` and removes it with all that is in it, however `body` ends.
    package func withFolder<Result: Sendable>(
        _ body: (_ path: String) async throws -> Result
    ) async throws -> Result {
        let path = try makeFolder()
        defer { removeTree(path) }
        return try await body(path)
    }

    private func makeFolder() throws(ScratchError) -> String {
        let path = "\(root)/\(name())"
        do {
            try makeFolders(for: "\(path)/", mode: 0o700)
        } catch {
            throw ScratchError(path: path)
        }
        return path
    }

    func remove(_ scratch: ScanScratch) {
        removeTree(scratch.path)
    }
}

struct ScratchError: Failure {
    let path: String

    var label: String { "Scratch.Unwritable" }
    var description: String { "The scratch folder \(path) cannot be made: is the disk full or read-only?" }
}

/// Removes a folder with all that is in it, or as much as goes. Links are removed, not followed.
///
/// Unpacked packages have folders that nobody may write to, and names that are not UTF-8.
func removeTree(_ path: String) {
    removeTree(Array(path.utf8CString))
}

/// - Parameter path: Ends in a zero byte.
private func removeTree(_ path: [CChar]) {
    if unlink(path) == 0 || errno == ENOENT { return }
    // What cannot be unlinked is a folder: no link is followed from here on.
    chmod(path, 0o700)
    guard let listing = opendir(path) else { return }
    var names: [[CChar]] = []
    while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
        }
        if name != [dot], name != [dot, dot] { names.append(name) }
    }
    closedir(listing)
    for name in names { removeTree(path.dropLast() + [slash] + name + [0]) }
    rmdir(path)
}

private let dot = CChar(bitPattern: UInt8(ascii: "."))
private let slash = CChar(bitPattern: UInt8(ascii: "/"))
