import FoundationEssentials
import QScanner
import Support

/// Makes and removes the folders of scans, all below one root.
package struct ScratchFolders: Sendable {
    private let root: String
    private let name: @Sendable () -> String

    /// - Parameters:
    ///   - root: A folder of this program's own; it is made when it is first needed.
    ///   - name: A name that was never given before.
    package init(root: String, name: @escaping @Sendable () -> String = { UUID().uuidString }) {
        self.root = root
        self.name = name
    }

    /// Removes what a killed process left: in Lambda /tmp outlives the process, and a few scans would fill it.
    package func removeLeftovers() {
        try? FileManager.default.removeItem(atPath: root)
    }

    func make() throws(ScratchError) -> ScanScratch {
        let path = "\(root)/\(name())"
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw ScratchError(path: path)
        }
        return ScanScratch(path: path)
    }

    func remove(_ scratch: ScanScratch) {
        try? FileManager.default.removeItem(atPath: scratch.path)
    }
}

struct ScratchError: Failure {
    let path: String

    var label: String { "Scratch.Unwritable" }
    var description: String { "The scratch folder \(path) cannot be made: is the disk full or read-only?" }
}
