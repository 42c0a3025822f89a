import Dispatch
package import Files
import Glibc
import QualysAPI
import Support
import Telemetry

extension JobOutput {
    /// The same tree of keys below a folder, which is made when it is not there. A file appears whole or not at all.
    package static func folder(_ folder: String) -> JobOutput {
        let base = folder.hasSuffix("/") ? folder : folder + "/"
        return JobOutput(
            base: base,
            put: { object, content, _ in
                try await onOwnThread {
                    let path = base + object.key
                    try makeFolders(for: path)
                    let file = try AtomicFile(path: path, limit: .max)
                    switch content {
                    case .bytes(let bytes): try file.append(bytes)
                    case .file(let source, _, _): try copy(source, to: file)
                    case .spooled(let body): try body.forEachPiece { try file.append($0) }
                    }
                    let written = try file.commit()
                    return StoredObject(key: object.key, bytes: written.bytes, sha256: content.sha256)
                }
            },
            get: { key, path, _ in
                guard access(base + key, R_OK) == 0 else { return false }
                let file = try AtomicFile(path: path, limit: .max)
                try copy(base + key, to: file)
                _ = try file.commit()
                return true
            }
        )
    }
}

/// Does what waits for the disk: the few threads that tasks share are needed for the calls meanwhile.
private func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

/// Makes the folders above a path.
package func makeFolders(for path: String) throws(FileFault) {
    var end = path.startIndex
    while let slash = path[end...].dropFirst().firstIndex(of: "/") {
        end = slash
        if mkdir(String(path[..<slash]), 0o755) != 0, errno != EEXIST, errno != EISDIR {
            throw FileFault(path: String(path[..<slash]), doing: "making the folder", errno: errno)
        }
    }
}

private func copy(_ source: String, to file: AtomicFile) throws {
    let descriptor = open(source, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(path: source, doing: "reading it", errno: errno) }
    defer { close(descriptor) }
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    defer { room.deallocate() }
    while true {
        let got = read(descriptor, room.baseAddress, room.count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw FileFault(path: source, doing: "reading it", errno: errno) }
        guard got > 0 else { return }
        try file.append(UnsafeRawBufferPointer(rebasing: room[..<got]))
    }
}
