import Glibc
import Support

/// Gives a file's bytes to a closure, a piece of at most 256 KB at a time. Throws a `FileFault`, and what `body` throws.
package func forEachPiece(ofFile path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(path: path, doing: "reading it", .system(errno)) }
    defer { close(descriptor) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { room.deallocate() }
    while true {
        let got = read(descriptor, room.baseAddress, room.count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw FileFault(path: path, doing: "reading it", .system(errno)) }
        guard got > 0 else { return }
        try body(UnsafeRawBufferPointer(rebasing: room[..<got]))
    }
}

/// The bytes of a whole file.
///
/// - Parameter limit: The most that it may have; more is a `FileFault`.
package func contents(ofFile path: String, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachPiece(ofFile: path) { piece in
        guard bytes.count + piece.count <= limit else {
            throw FileFault(path: path, doing: "reading it", .tooLarge(limit: Int64(limit)))
        }
        bytes.append(contentsOf: piece)
    }
    return bytes
}

/// The names in a folder, in the order of their bytes, without `.` and `..`.
///
/// - Parameter prefix: What they begin with: a folder that many programs share may have very many others.
package func names(inFolder path: String, prefix: String = "") throws(FileFault) -> [String] {
    guard let listing = opendir(path) else { throw FileFault(path: path, doing: "listing it", .system(errno)) }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
        let name: String? = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            bytes.starts(with: prefix.utf8) ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : nil
        }
        if let name, name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
