import Files
import Glibc
import JSONStream
package import Jobs
import Support
import XMLStream

/// Pages of Qualys in a folder, as imports: what an import costs without the network.
package struct StoredPages {
    private let folder: String

    /// - Parameter folder: Has `hostasset*.json`, `gw*.json`, `hld*.xml` and `kb*.xml`.
    package init(folder: String) {
        self.folder = folder
    }

    /// - Parameters:
    ///   - output: A folder for the imports; each is removed again when they are not kept.
    ///   - scratch: A folder for the index.
    /// - Returns: How many detections were read, and how many objects and bytes written.
    package func write(
        to output: String,
        keeping: Bool,
        scratch: String,
        _ envelope: ImportEnvelope
    ) async throws -> [JobCount] {
        let index = try ImportIndex(path: "\(scratch)/pages.db")
        let assets = try HostAssetReader(index)
        try forEachPage("hostasset") { page in
            try index.transaction { try Self.forEachItem(page, "ServiceResponse.data[]", assets.add) }
        }
        let applications = try ApplicationReader(index)
        try forEachPage("gw") { page in
            try index.transaction { try Self.forEachItem(page, "assetListData.asset[]", applications.add) }
        }
        let collector = try DetectionCollector(index)
        var detections = 0
        try forEachPage("hld") { page in
            try collector.transaction {
                let reader = XMLStreamReader(DetectionReader(collector), options: .tolerant)
                try Self.forEachPiece(page) { try reader.push($0) }
                try reader.finish()
                detections += reader.consumer.detectionCount
            }
        }
        try collector.finish()
        let knowledge = try KnowledgeBaseReader(index)
        try forEachPage("kb") { page in
            try index.transaction {
                let reader = XMLRecordReader(record: KnowledgeBaseReader.record, options: .tolerant)
                try Self.forEachPiece(page) { try reader.push($0, knowledge.add) }
                try reader.finish(knowledge.add)
            }
        }
        var (files, bytes) = (0, 0)
        let writer = GraphWriter(index, envelope, .everything)
        let emit: GraphWriter.Emit = { collection, envelope in
            files += 1
            bytes += envelope.count
            let path = "\(output)/\(files)-\(collection).json"
            try Self.write(envelope, to: path)
            if !keeping { unlink(path) }
        }
        try await emit("report", envelope.opening)
        try await writer.writeVertices(emit)
        try await writer.writeAssetEdges(emit)
        try await writer.writePairings(emit)
        let objects = writer.counts.reduce(0) { $0 + $1.value }
        return [
            JobCount("detections", detections), JobCount("objects", objects), JobCount("files", files),
            JobCount("bytes", bytes), JobCount("refused", try writer.refusedCount()),
        ]
    }

    private func forEachPage(_ prefix: String, _ body: (_ path: String) throws -> Void) throws {
        for name in try names(inFolder: folder, prefix: prefix) { try body("\(folder)/\(name)") }
    }

    private static func forEachItem(_ path: String, _ items: JSONPath, _ body: (JSONValue) throws -> Void) throws {
        var reader = JSONStreamReader(items: items, bounds: JSONStreamReader.Bounds(item: 64 << 20))
        try forEachPiece(path) { try reader.push($0, item: body) }
        try reader.finish(item: body)
    }

    private static func forEachPiece(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw JobStateError.file(path: path, reason: systemErrorText(errno)) }
        defer { close(file) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { room.deallocate() }
        while true {
            let count = Glibc.read(file, room.baseAddress, room.count)
            guard count > 0 else { return }
            try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw JobStateError.file(path: path, reason: systemErrorText(errno)) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw JobStateError.file(path: path, reason: systemErrorText(errno)) }
            written += count
        }
    }
}
