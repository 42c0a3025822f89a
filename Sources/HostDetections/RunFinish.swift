import Compression
import Files
import Glibc
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry
import XMLStream

/// What is made when all batches have been asked for: the database, what the KnowledgeBase says, the tables for Athena.
struct RunFinish: Sendable {
    private static let qidsPerCall = 500

    /// The file of what the KnowledgeBase says.
    static let knowledgeBase = "knowledge_base.ndjson.gz"

    let services: JobServices
    let parameters: HostDetectionsParameters
    let run: String

    /// - Returns: What was written, and what could not be.
    func make(
        _ checkpoint: Checkpoint,
        _ hosts: HostSet,
        qids: [Int64],
        _ context: CallContext
    ) async throws -> (objects: [StoredObject], failed: [JobError.Missing]) {
        var objects: [StoredObject] = []
        var failed: [JobError.Missing] = []
        let folder = parameters.layout.folder(run)
        /// What cannot be made is missing, and no reason for the run to begin again and again.
        func make(_ name: String, _ work: () async throws -> StoredObject) async throws {
            do {
                objects.append(try await work())
            } catch {
                guard !isOutOfTime(error, context) else { throw outOfTime }
                context.log.warning("A file of the run could not be made", error: error, metadata: ["file": "\(name)"])
                failed.append(JobError.Missing(id: name, reason: describe(error).description))
            }
        }
        if parameters.rows.contains(.ndjson) {
            try await make(AskedHosts.path) {
                let file = ScratchFile(path: "\(services.scratch)/hosts.gz", gzips: true)
                try AskedHosts(parameters, hosts, checkpoint).write(to: file)
                return try await put(folder + AskedHosts.path, file.content(), context)
            }
            let sql = AthenaTable(services.output.address("vm/detections/"), run: run).sql
            try await make("athena.sql") {
                try await put(folder + "athena.sql", .bytes(Array(sql.utf8)), type: "application/sql", context)
            }
        }
        var vulnerabilities: [Vulnerability] = []
        if parameters.knowledgeBase {
            try await make(Self.knowledgeBase) {
                vulnerabilities = try await lookUp(qids, context)
                let file = ScratchFile(path: "\(services.scratch)/knowledge_base.gz", gzips: true)
                for vulnerability in vulnerabilities { try vulnerability.json.withUnsafeBytes { try file.append($0) } }
                try file.keep()
                return try await put(folder + Self.knowledgeBase, file.content(), context)
            }
        }
        if parameters.rows.contains(.sqlite) {
            try await make("rows/detections.db.gz") { try await database(checkpoint, vulnerabilities, context) }
        }
        return (objects, failed)
    }

    private var outOfTime: QualysError {
        QualysError(.deadline, call: "the end of the run", message: "The deadline has passed.")
    }

    /// Whether there was no time, whatever the failure says.
    private func isOutOfTime(_ error: any Error, _ context: CallContext) -> Bool {
        (error as? QualysError)?.isOutOfTime ?? false || Task.isCancelled
            || context.deadline.hasPassed(at: services.clock.now())
    }

    private func lookUp(_ qids: [Int64], _ context: CallContext) async throws(QualysError) -> [Vulnerability] {
        var found: [Vulnerability] = []
        var rest = qids[...]
        while !rest.isEmpty {
            found += try await services.qualys.vulnerabilities(
                Array(rest.prefix(Self.qidsPerCall)),
                scratch: services.scratch,
                context
            )
            rest = rest.dropFirst(Self.qidsPerCall)
        }
        return found.sorted { $0.qid < $1.qid }
    }

    /// Made of the raw pages, which are there whatever forms of rows were asked for, and of which runs they are.
    private func database(
        _ checkpoint: Checkpoint,
        _ vulnerabilities: [Vulnerability],
        _ context: CallContext
    ) async throws -> StoredObject {
        let path = "\(services.scratch)/detections.db"
        defer { unlink(path) }
        unlink(path)
        let database = try DetectionsDatabase(path: path)
        let pages = checkpoint.finished.flatMap(\.objects).filter { isDetectionPage($0.path) }
        for (number, page) in pages.enumerated() {
            guard !context.deadline.hasPassed(at: services.clock.now()), !Task.isCancelled else {
                throw outOfTime
            }
            let copy = "\(services.scratch)/page-\(number).copy"
            defer { unlink(copy) }
            guard try await services.output.get(page.path, copy, context) else {
                throw JobError(failed: .hostDetections, reason: "\(page.key) is not there any more.")
            }
            try read(copy, into: database)
        }
        for vulnerability in vulnerabilities { try database.add(vulnerability) }
        try database.finish()
        let packed = ScratchFile(path: path + ".gz", gzips: true)
        try forEachPiece(ofFile: path) { try packed.append($0) }
        try packed.keep()
        let key = parameters.layout.folder(run) + "rows/detections.db.gz"
        return try await put(key, packed.content(), context)
    }

    private func isDetectionPage(_ path: String) -> Bool {
        path.hasSuffix(".xml") || path.hasSuffix(".xml.gz")
            ? path.split(separator: "/").last?.hasPrefix("vm_detections_") ?? false : false
    }

    private func read(_ path: String, into database: DetectionsDatabase) throws {
        let reader = XMLStreamReader(DetectionConsumer([database]), options: .hosts)
        if parameters.layout.gzips {
            let gzip = GzipReader(limit: .max)
            try forEachPiece(ofFile: path) { try gzip.read($0) { try reader.push($0) } }
            try gzip.finish()
        } else {
            try forEachPiece(ofFile: path) { try reader.push($0) }
        }
        try reader.finish()
    }

    private func put(
        _ key: String,
        _ content: JobContent,
        type: String = "application/gzip",
        _ context: CallContext
    ) async throws -> StoredObject {
        try await services.output.put(JobObject(key: key, contentType: type), content, context)
    }
}
