import AWSClients
import Compression
import Files
import HTTPTransport
import Jobs
import QualysAPI
import SQLite
import Support
import Synchronization
import Telemetry
import TestSupport

@testable import WASSnapshot

/// Web applications and their findings as Qualys gives them, an output in memory, and a state that is remembered.
final class FakeSubscription: Sendable {
    struct Application: Sendable {
        var name: String
        var updated = FakeClock.start - .seconds(30 * 86400)
        var findings: [Int64]
    }

    let clock = FakeClock()
    let applications: Mutex<[Int64: Application]>
    let catalog = Mutex(3)
    let objects = Mutex<[String: [UInt8]]>([:])
    let remembered = Mutex<[UInt8]?>(nil)

    /// The paths of Qualys that were called.
    let called = Journal<String>()

    /// Gives what stands in the place of Qualys's answer to a path and a body.
    let instead = Mutex<@Sendable (_ path: String, _ body: String) -> String?>({ _, _ in nil })

    /// Keys that nobody may read, as S3 says of objects that are not there.
    let forbidden = Mutex<@Sendable (_ key: String) -> Bool>({ _ in false })

    /// Whether the bucket takes an object.
    let isTaken = Mutex<@Sendable (_ key: String) -> Bool>({ _ in true })
    private let folder: TemporaryFolder

    /// - Parameter count: Of web applications, each with two findings.
    init(_ count: Int64) throws {
        folder = try TemporaryFolder()
        let ids = count == 0 ? [] : Array(1...count)
        let all = ids.map { ($0, Application(name: "app \($0)", findings: [10 * $0, 10 * $0 + 1])) }
        applications = Mutex(Dictionary(uniqueKeysWithValues: all))
    }

    func run(
        _ parameters: WASSnapshotParameters = WASSnapshotParameters(),
        owner: String = "me",
        log: LogBook = LogBook()
    ) async throws(JobError) -> JobAnswer {
        clock.advance(.seconds(60))
        var context = CallContext.test(.seconds(900), now: clock.now)
        context.log = log.logger
        return try await WASSnapshot(services).run(parameters, owner: owner, context)
    }

    func refuse(_ part: String, _ code: String = "UNAUTHORIZED") {
        instead.withLock {
            $0 = { path, body in
                path.hasSuffix(part) || body.contains(part) ? #"{"ServiceResponse":{"responseCode":"\#(code)"}}"# : nil
            }
        }
    }

    func refuseNothing() { instead.withLock { $0 = { _, _ in nil } } }

    func object(_ key: String) throws -> [UInt8] {
        guard let bytes = objects.withLock({ $0[key] }) else { throw Missing(key: key) }
        return bytes
    }

    var latest: JSON { get throws { try JSON(try object(SnapshotFiles.latest)) } }

    /// The first column of a question to the database that is the last one.
    func rows(_ sql: String) throws -> [String] {
        let key = try latest["database"]?["key"]?.text ?? ""
        var bytes: [UInt8] = []
        let gzip = GzipReader(limit: 1 << 30)
        try gzip.read(try object(key)) { bytes += $0 }
        try gzip.finish()
        let path = try folder.write("read-\(UInt64.random(in: 0 ... .max)).db", bytes)
        let database = try Database(path: path, mode: .readOnly)
        let select = try database.prepare(sql, for: "a test")
        var rows: [String] = []
        while try select.step() { rows.append(select.text(at: 0) ?? "") }
        return rows
    }

    private struct Missing: Failure {
        let key: String
        let label = "Test.Missing"
        var description: String { "There is no \(key)." }
    }

    private var services: JobServices {
        let clock = clock.clock
        let account = QualysAccount(
            username: Redacted("user"),
            password: Redacted("word"),
            apiURL: "https://api.example.test",
            gatewayURL: "https://gateway.example.test"
        )
        let http = FakeHTTP { [self] (request, _) throws(HTTPError) in HTTPResponse(200, answer(request)) }
        let sessions = QualysSessions(http: http.client, clock: clock) { _ in account }
        return JobServices(
            qualys: QualysClient(sessions: sessions, http: http.client, workers: 4, clock: clock, random: { 0.5 }),
            output: JobOutput(
                base: "s3://bucket/",
                put: { [self] object, content, _ in
                    guard isTaken.withLock({ $0 })(object.key) else { throw Missing(key: object.key) }
                    var bytes: [UInt8] = []
                    switch content {
                    case .bytes(let whole): bytes = whole
                    case .spooled(let body): try body.forEachPiece { bytes += $0 }
                    case .file(let path, _, _): bytes = try contents(ofFile: path, limit: 1 << 30)
                    }
                    objects.withLock { $0[object.key] = bytes }
                    return StoredObject(key: object.key, bytes: content.byteCount, sha256: content.sha256)
                },
                get: { [self] key, path, _ in
                    if forbidden.withLock({ $0 })(key) {
                        throw AWSError(
                            service: .s3,
                            action: "GetObject",
                            status: 403,
                            code: "AccessDenied",
                            message: ""
                        )
                    }
                    guard let bytes = objects.withLock({ $0[key] }) else { return false }
                    let file = try AtomicFile(path: path, limit: .max)
                    try file.append(bytes)
                    _ = try file.commit()
                    return true
                }
            ),
            state: JobStateStore(
                place: "the memory",
                begin: { [self] _, _ in .mine(remembered.withLock { $0 }) },
                save: { [self] _, state, _ in remembered.withLock { $0 = state } },
                end: { [self] _, state, _ in if let state { remembered.withLock { $0 = state } } }
            ),
            scratch: folder.path,
            workers: 4,
            clock: clock
        )
    }

    private func answer(_ request: HTTPRequest) -> String {
        let path = request.url.replacing("https://api.example.test", with: "")
        called.write(path)
        if let text = instead.withLock({ $0 })(path, request.bodyText) { return text }
        let applications = applications.withLock { $0.sorted { $0.key < $1.key } }
        if path.contains("knowledge_base") {
            return "<KNOWLEDGE_BASE_VULN_LIST_OUTPUT><RESPONSE></RESPONSE></KNOWLEDGE_BASE_VULN_LIST_OUTPUT>"
        }
        if path.contains("/get/") {
            guard let found = applications.first(where: { path.hasSuffix("/\($0.key)") }) else {
                return #"{"ServiceResponse":{"responseCode":"OBJECT_NOT_FOUND"}}"#
            }
            return page([#"{"WebApp":{"id":\#(found.key),"name":"\#(found.value.name)"}}"#])
        }
        let records: [String]
        switch path.split(separator: "/").last {
        case "webapp":
            records = applications.map { id, application in
                #"{"WebApp":{"id":\#(id),"updatedDate":"\#(application.updated.iso8601)"}}"#
            }
        case "finding":
            records = applications.flatMap { id, application in
                application.findings.filter { _ in isAsked(id, request.bodyText) }
                    .map { #"{"Finding":{"id":\#($0),"webApp":{"id":\#(id)}}}"# }
            }
        default:
            records = (0..<catalog.withLock { $0 }).map { #"{"Catalog":{"id":\#($0 + 1)}}"# }
        }
        if path.contains("/count/") {
            return #"{"ServiceResponse":{"responseCode":"SUCCESS","count":\#(records.count)}}"#
        }
        // Nothing happened that a search by time finds.
        return page(request.bodyText.contains("Date") || request.bodyText.contains(".date") ? [] : records)
    }

    private func isAsked(_ id: Int64, _ body: String) -> Bool {
        !body.contains("webApp.id") || body.contains(#""webApp.id","operator":"EQUALS","value":"\#(id)""#)
    }

    private func page(_ records: [String]) -> String {
        #"{"ServiceResponse":{"responseCode":"SUCCESS","hasMoreRecords":"false","data":[\#(records.joined(separator: ","))]}}"#
    }
}
