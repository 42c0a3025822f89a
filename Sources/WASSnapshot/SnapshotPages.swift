import Compression
import Files
import Glibc
import JSONStream
import Jobs
import QualysAPI
import Support
import Telemetry

/// A page of Qualys that is stored.
struct SnapshotPage: Sendable {
    let body: SpooledBody

    /// The id after which the next page begins; nil on the last one.
    let next: Int64?
    let object: StoredObject

    /// Reads the records, one at a time.
    func forEachRecord(_ record: (JSONValue) throws -> Void) throws {
        var reader = JSONStreamReader(items: "ServiceResponse.data[]", bounds: JSONStreamReader.Bounds(item: 32 << 20))
        try body.forEachPiece { try reader.push($0, item: record) }
        try reader.finish(item: record)
    }

    /// A value beside the records, as text.
    func value(_ path: JSONPath) throws -> String? {
        var reader = JSONStreamReader(found: [path])
        try body.forEachPiece { try reader.push($0) }
        try reader.finish()
        return reader[path]?.text
    }
}

/// Gets pages from Qualys and stores them, or takes them back from where a run before this one stored them.
struct SnapshotPages: Sendable {
    /// What is packed in memory; longer pages are packed in the scratch folder.
    private static let memoryLimit: Int64 = 2 << 20

    let services: JobServices

    /// - Parameter memory: Longer pages in bytes are kept in the scratch folder.
    func get(
        _ search: QPSSearch,
        after id: Int64,
        as key: String,
        memory: Int = SpooledBody.memory,
        _ context: CallContext
    ) async throws -> SnapshotPage {
        let scratch = services.scratch
        let page = try await services.qualys.page(of: search, after: id, scratch: scratch, memory: memory, context)
        let object = try await store(page.answer.body, as: key, context)
        return SnapshotPage(body: page.answer.body, next: page.next, object: object)
    }

    /// - Parameter path: What the answer must have: else it is not what was asked for.
    func get(
        _ call: QualysCall,
        having path: JSONPath,
        equalTo value: String? = nil,
        as key: String,
        _ context: CallContext
    ) async throws -> (page: SnapshotPage, value: String) {
        let answer = try await services.qualys.send(call, context) { .qps(scratch: services.scratch, found: [path]) }
        guard let found = answer[path], value == nil || found == value else {
            throw QualysError(
                .unreadable,
                call: call.name,
                status: 200,
                message: "The answer does not hold what was asked for."
            )
        }
        let object = try await store(answer.body, as: key, context)
        return (SnapshotPage(body: answer.body, next: nil, object: object), found)
    }

    /// - Parameter memory: Longer pages in bytes are kept in the scratch folder.
    /// - Returns: Nil when it is not there, or damaged.
    func stored(
        _ key: String,
        memory: Int = SpooledBody.memory,
        _ context: CallContext
    ) async throws -> SnapshotPage? {
        do {
            return try await unpacked(key, memory: memory, context)
        } catch is GzipFault, is JSONFault {
            return nil
        }
    }

    private func unpacked(_ key: String, memory: Int, _ context: CallContext) async throws -> SnapshotPage? {
        let path = "\(services.scratch)/page-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(path) }
        guard try await services.output.getIfReadable(key, path, context) else { return nil }
        let packed = SpooledBody(folder: services.scratch)
        let body = SpooledBody(folder: services.scratch, memoryLimit: memory)
        let gzip = GzipReader(limit: 1 << 30)
        try forEachPiece(ofFile: path) { piece in
            try packed.append(piece)
            try gzip.read(piece) { try body.append($0) }
        }
        try gzip.finish()
        let answer = try QPSAnswer(stored: body)
        let object = StoredObject(
            key: services.output.storedKey(key),
            bytes: packed.byteCount,
            sha256: packed.sha256
        )
        return SnapshotPage(body: body, next: answer.next, object: object)
    }

    private func store(_ body: SpooledBody, as key: String, _ context: CallContext) async throws -> StoredObject {
        let object = JobObject(key: key, contentType: "application/gzip")
        guard body.byteCount > Self.memoryLimit else {
            var packed: [UInt8] = []
            let gzip = GzipWriter()
            try body.forEachPiece { gzip.write($0) { packed.append(contentsOf: $0) } }
            gzip.finish { packed.append(contentsOf: $0) }
            return try await services.output.put(object, .bytes(packed), context)
        }
        let path = "\(services.scratch)/page-\(UInt64.random(in: 0 ... .max)).gz"
        defer { unlink(path) }
        let content = try packGzip(to: path) { write in try body.forEachPiece(write) }
        return try await services.output.put(object, content, context)
    }
}

/// Packs what `produce` gives into a file, with gzip.
func packGzip(
    to path: String,
    _ produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
) throws -> JobContent {
    let file = try AtomicFile(path: path, limit: .max, hashing: true)
    let gzip = GzipWriter()
    try produce { piece in try gzip.write(piece) { piece throws(FileFault) in try file.append(piece) } }
    try gzip.finish { piece throws(FileFault) in try file.append(piece) }
    let written = try file.commit()
    return .file(path: path, byteCount: written.bytes, sha256: written.sha256 ?? "")
}
