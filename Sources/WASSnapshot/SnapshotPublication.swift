import Compression
import Files
import Glibc
import Hashing
import Jobs
import Logging
import Support
import Telemetry

/// Writes a complete snapshot where it is looked for, and takes the last one from there.
struct SnapshotPublication: Sendable {
    let services: JobServices
    let plan: SnapshotPlan
    let recorder: SnapshotRecorder
    let context: CallContext

    /// Where the database is built.
    var databasePath: String { "\(services.scratch)/was_sqlite.db" }
    private var packedPath: String { databasePath + ".gz" }

    /// Unpacks the database of the last snapshot, to write changes into it.
    ///
    /// - Throws: When it is not there, or not what `latest.json` says.
    func fetch(_ base: LatestSnapshot) async throws {
        removeFiles()
        guard try await services.output.get(base.database.key, packedPath, context) else {
            throw BrokenSnapshot(key: base.database.key)
        }
        defer { unlink(packedPath) }
        let hash = SHA256()
        let gzip = GzipReader(limit: 1 << 40)
        let file = try AtomicFile(path: databasePath, limit: .max)
        try forEachPiece(ofFile: packedPath) { piece in
            hash.update(piece)
            try gzip.read(piece) { try file.append($0) }
        }
        try gzip.finish()
        guard hexText(hash.finalize()) == base.database.sha256 else { throw BrokenSnapshot(key: base.database.key) }
        _ = try file.commit()
    }

    /// A snapshot of which much is missing would take the place of a good one: then it is no snapshot.
    func refuseShortfall(of loader: SnapshotLoader, _ counts: SnapshotCounts, owner: String) async throws {
        let missing = await recorder.missingApplications
        let gone = await recorder.gone
        let unread = gone + missing.count
        guard let objection = counts.objection(to: try await loader.counts(), unread: unread) else { return }
        let why: String
        var left = SnapshotState.empty
        switch objection {
        case .unread(let text):
            why = text
            // What the stored pages have too much is so another time: then all is asked for anew.
            if missing.count > gone { left = await recorder.lastState() }
        case .short(let text): why = text
        }
        try await services.state.end(owner, left, context)
        let reasons = missing.prefix(3).map { "\($0.id): \($0.reason)" }.joined(separator: " ")
        throw JobError(failed: .wasSnapshot, reason: "\(why); the last snapshot stays. \(reasons)")
    }

    /// Completes the database and writes it, then what lists it, and last what names it.
    func publish(
        _ loader: SnapshotLoader,
        _ counts: SnapshotCounts,
        _ parameters: WASSnapshotParameters,
        owner: String
    ) async throws -> JobAnswer {
        let missing = await recorder.missing
        let rows = try await loader.finish(missing: missing.map(\.id))
        let files = plan.files
        let (packed, plain) = try packDatabase()
        let database = try await put(files.database, packed)
        // In a folder it is opened where it stands.
        if services.output.isFolder {
            _ = try await services.output.put(JobObject(key: files.plainDatabase), plain, context)
        }
        var csv: [String] = []
        if parameters.writesCSV { csv = try await putCSV() }

        let finished = services.clock.now()
        let all =
            rows + [
                JobCount("gone", await recorder.gone), JobCount("failed", missing.count),
                JobCount("counted_web_applications", counts.webApps), JobCount("counted_findings", counts.findings),
                JobCount("counted_catalog", counts.catalog),
            ]
        let manifest = Manifest(
            job: .wasSnapshot,
            run: plan.name,
            parametersName: "parameters",
            parameters: plan.described,
            counts: all,
            objects: await recorder.objects.sorted { $0.key < $1.key },
            failed: missing,
            started: plan.state.started,
            finished: finished
        )
        _ = try await services.output.put(JobObject(key: files.manifest), .bytes(manifest.json), context)
        let latest = LatestSnapshot(
            run: plan.name,
            started: plan.state.started,
            unread: await recorder.missingApplications.compactMap { ListedApplication.id(of: $0) },
            database: StoredObject(key: files.database, bytes: database.bytes, sha256: database.sha256),
            manifest: files.manifest,
            csv: csv
        )
        let named = latest.json(status: manifest.status, counts: rows, finished: finished)
        _ = try await services.output.put(JobObject(key: SnapshotFiles.latest), .bytes(named), context)
        let left = missing.isEmpty ? SnapshotState.empty : await recorder.lastState(publishedFor: owner)
        try await services.state.end(owner, left, context)

        let answer = JobAnswer(
            job: .wasSnapshot,
            run: plan.name,
            status: .done,
            counts: all,
            manifest: services.output.address(files.manifest),
            reason: plan.note
        )
        guard missing.isEmpty else { throw JobError(partial: .wasSnapshot, missing: missing, answer: answer) }
        return answer
    }

    func removeFiles() {
        for path in [databasePath, databasePath + ".part", packedPath, packedPath + ".part"] { unlink(path) }
    }

    private func putCSV() async throws -> [String] {
        var keys: [String] = []
        for table in SnapshotTable.all {
            let path = "\(services.scratch)/\(table.name).csv.gz"
            defer { unlink(path) }
            let content = try CSVFile(database: databasePath).pack(table, to: path)
            let key = plan.files.csv(table.name)
            _ = try await put(key, content)
            keys.append(key)
        }
        return keys
    }

    private func put(_ key: String, _ content: JobContent) async throws -> StoredObject {
        let object = JobObject(key: key, contentType: "application/gzip")
        let stored = try await services.output.put(object, content, context)
        await recorder.stored(stored)
        return stored
    }

    private func packDatabase() throws -> (packed: JobContent, plain: JobContent) {
        let hash = SHA256()
        var count: Int64 = 0
        let packed = try packGzip(to: packedPath) { write in
            try forEachPiece(ofFile: databasePath) { piece in
                hash.update(piece)
                count += Int64(piece.count)
                try write(piece)
            }
        }
        let plain = JobContent.file(path: databasePath, byteCount: count, sha256: hexText(hash.finalize()))
        return (packed, plain)
    }
}

/// The last snapshot cannot be gone on from.
struct BrokenSnapshot: Failure {
    let key: String

    var label: String { "Snapshot.Broken" }

    var description: String {
        "The last snapshot, \(key), is not there or not what latest.json says: make a full one."
    }
}
