import Glibc
import Hashing
import Support

/// A file that is there whole or not at all: it is written as `<path>.part`, and gets its name when it is complete and on
/// the disk. Without `commit` the part is removed again, and what stood under the name stays.
package final class AtomicFile {
    /// What a complete file is.
    package struct Written: Sendable, Equatable {
        package let path: String
        package let bytes: Int64
        /// In lower-case hexadecimal digits; nil when it was not asked for.
        package let sha256: String?
    }

    /// The bytes written so far.
    package private(set) var count: Int64 = 0

    private let path: String
    private let limit: Int64
    private let hash: SHA256?
    private var descriptor: Int32
    private var part: String { path + ".part" }

    /// Makes the part, mode 0600. One that a killed run left is overwritten; a link in its place is an error.
    ///
    /// - Parameters:
    ///   - limit: The most bytes that it may have.
    ///   - hashing: Whether the SHA-256 is wanted.
    package init(path: String, limit: Int64, hashing: Bool = false) throws(FileFault) {
        self.path = path
        self.limit = limit
        hash = hashing ? SHA256() : nil
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC
        descriptor = open(path + ".part", flags, 0o600)
        if descriptor < 0 { throw FileFault(path: path, doing: "making it", .system(errno)) }
    }

    deinit {
        discard()
    }

    package func append(_ piece: UnsafeRawBufferPointer) throws(FileFault) {
        guard count + Int64(piece.count) <= limit else {
            throw FileFault(path: path, doing: "writing it", .tooLarge(limit: limit))
        }
        var rest = piece
        while !rest.isEmpty {
            let written = write(descriptor, rest.baseAddress, rest.count)
            if written >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            } else if errno != EINTR {
                throw FileFault(path: path, doing: "writing it", .system(errno))
            }
        }
        count += Int64(piece.count)
        hash?.update(piece)
    }

    package func append(_ bytes: [UInt8]) throws(FileFault) {
        let result = bytes.withUnsafeBytes { piece in
            Result { () throws(FileFault) in try append(piece) }
        }
        try result.get()
    }

    /// Puts the file onto the disk and under its name, in the place of what was there. Nothing may be added afterwards.
    package func commit() throws(FileFault) -> Written {
        if fsync(descriptor) != 0 { throw fault("writing it to the disk") }
        let closed = close(descriptor)
        descriptor = -1
        if closed != 0 { throw fault("closing it") }
        if rename(part, path) != 0 { throw fault("giving it its name") }
        try putNameOntoDisk()
        return Written(path: path, bytes: count, sha256: hash.map { hexText($0.finalize()) })
    }

    /// Removes what was written.
    package func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(part)
    }

    /// A name is in its folder, which has to be written too (fsync(2)).
    private func putNameOntoDisk() throws(FileFault) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        // Some file systems cannot write a folder, and say EINVAL.
        if descriptor < 0 || (fsync(descriptor) != 0 && errno != EINVAL) {
            throw FileFault(path: path, doing: "writing its name to the disk", .system(errno))
        }
    }

    /// What the last call said. The part goes, also when it is closed already.
    private func fault(_ doing: String) -> FileFault {
        let code = errno
        discard()
        unlink(part)
        return FileFault(path: path, doing: doing, .system(code))
    }
}
