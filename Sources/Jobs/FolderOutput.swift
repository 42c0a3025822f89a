import Dispatch
import Files
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

private func copy(_ source: String, to file: AtomicFile) throws {
    try forEachPiece(ofFile: source) { try file.append($0) }
}
