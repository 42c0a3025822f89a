import Files
import Glibc
import Support

/// The root of one process's scratch folders, where many processes have theirs side by side. It is locked as long as the
/// process lives, and the system takes the lock away from a killed one: so the next process knows what it may remove.
package final class ScratchRoot: Sendable {
    package let path: String

    /// Of the folder, which has the lock.
    private let descriptor: Int32

    /// Removes what killed processes of the same user left, as far as that goes, and makes a new root.
    ///
    /// - Parameters:
    ///   - folder: Where the roots stand.
    ///   - prefix: What the names of this program's roots begin with, and no others.
    /// - Throws: When it cannot be made.
    package init(in folder: String, prefix: String) throws {
        Self.removeAbandoned(in: folder, prefix)
        while true {
            let path = "\(folder)/\(prefix)\(uniqueName())"
            guard (try? makeFolders(for: path + "/", mode: 0o700)) != nil else { throw ScratchError(path: path) }
            let descriptor = openFolder(path)
            // Without a lock it looks like one that was left: should somebody be removing it, this waits for the end of that.
            // A file system without locks gives none to who would remove it either.
            flock(descriptor, LOCK_EX)
            if descriptor >= 0, access(path, F_OK) == 0 {
                self.path = path
                self.descriptor = descriptor
                return
            }
            if descriptor >= 0 { close(descriptor) }
            guard access(path, F_OK) != 0 else { throw ScratchError(path: path) }
        }
    }

    deinit {
        close(descriptor)
    }

    /// Removes it with all that is in it.
    package func remove() {
        removeTree(path)
    }

    private static func removeAbandoned(in folder: String, _ prefix: String) {
        for name in (try? names(inFolder: folder, prefix: prefix)) ?? [] where isRoot(name, prefix) {
            let path = "\(folder)/\(name)"
            let descriptor = openFolder(path)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
                flock(descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            removeTree(path)
        }
    }

    /// Whether it is a name that `init` gives.
    private static func isRoot(_ name: String, _ prefix: String) -> Bool {
        let digits = name.utf8.dropFirst(prefix.utf8.count)
        return name.hasPrefix(prefix) && digits.count == 32
            && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// - Returns: -1 for what is no folder, such as a link to one.
private func openFolder(_ path: String) -> Int32 {
    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
}
