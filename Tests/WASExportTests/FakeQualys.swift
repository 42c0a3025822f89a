import HTTPTransport
import Jobs
import QualysAPI
import Support
import Synchronization
import TestSupport

@testable import WASExport

/// Web application scans as Qualys lists and sends them, an output that remembers, and a state in memory.
final class FakeQualys: Sendable {
    let clock = FakeClock()
    let stored = Journal<JobObject>()
    let contents = Journal<[UInt8]>()
    let remembered = Mutex<[UInt8]?>(nil)

    /// Scans that are not given.
    let refused: Mutex<Set<Int64>> = Mutex([])

    /// Ids in the order in which they were downloaded.
    let downloads = Journal<Int64>()

    /// The bodies of searches.
    let searches = Journal<String>()

    /// Whether nobody is let in; and the downloads after which that is so.
    let isLocked = Atomic(false)
    let lockedAfter = Mutex(Int.max)

    /// The time that an upload takes, and the state as it was during the last one: what a kill there would leave.
    let uploadTime = Mutex(Duration.zero)
    let rememberedAtUpload = Mutex<[UInt8]?>(nil)

    /// Whether a search gives ids as texts.
    let quotesIDs = Atomic(false)

    /// Ids of the scans that have finished, all launched at the clock's start. One below 0 is listed without its id.
    let finished: Mutex<[Int64]>

    /// Attempts to give the state back that fail, from the first.
    let failingEnds: Mutex<Int>

    private struct Unavailable: Failure {
        let label = "Test.Unavailable"
        let description = "It is not there."
    }

    init(_ finished: some Sequence<Int64>, failingEnds: Int = 0) {
        self.finished = Mutex(Array(finished))
        self.failingEnds = Mutex(failingEnds)
    }

    func run(
        _ parameters: WASExportParameters = WASExportParameters(),
        within time: Duration = .seconds(900)
    ) async throws(JobError) -> JobAnswer {
        clock.advance(.seconds(60))
        return try await WASExport(services).run(parameters, owner: "me", .test(time, now: clock.now))
    }

    /// The manifests by their keys: the last that was written under each.
    var manifests: [String: [String]] {
        get throws {
            var manifests: [String: [String]] = [:]
            for (object, bytes) in zip(stored.entries, contents.entries) where object.key.hasPrefix("manifests/") {
                manifests[object.key] = try JSON(bytes)["objects"]?.elements.compactMap { $0["key"]?.text }
            }
            return manifests
        }
    }

    private var services: JobServices {
        let clock = clock.clock
        let account = QualysAccount(
            username: Redacted("user"),
            password: Redacted("word"),
            apiURL: "https://api.example.test",
            gatewayURL: "https://gateway.example.test"
        )
        let http = FakeHTTP { [self] (request, _) throws(HTTPError) in answer(request) }
        let sessions = QualysSessions(http: http.client, clock: clock) { _ in account }
        return JobServices(
            qualys: QualysClient(sessions: sessions, http: http.client, workers: 4, clock: clock, random: { 0.5 }),
            output: JobOutput(
                base: "memory/",
                put: { [self] object, content, _ in
                    var bytes: [UInt8] = []
                    switch content {
                    case .bytes(let whole): bytes = whole
                    case .spooled(let body): try body.forEachPiece { bytes += $0 }
                    case .file: break
                    }
                    keep(object, bytes)
                    return StoredObject(key: object.key, bytes: content.byteCount, sha256: content.sha256)
                },
                get: { _, _, _ in false }
            ),
            state: JobStateStore(
                place: "the memory",
                begin: { [self] _, _ in .mine(remembered.withLock { $0 }) },
                save: { [self] _, state, _ in remembered.withLock { $0 = state } },
                end: { [self] _, state, _ in
                    guard let state else { return }
                    let fails = failingEnds.withLock { left in
                        left -= 1
                        return left >= 0
                    }
                    if fails { throw Unavailable() }
                    remembered.withLock { $0 = state }
                }
            ),
            scratch: "/tmp",
            workers: 4,
            clock: clock
        )
    }

    /// Both journals at once, so that their entries belong together.
    private let order = Mutex(())

    private func keep(_ object: JobObject, _ bytes: [UInt8]) {
        clock.advance(uploadTime.withLock { $0 })
        if !object.key.hasPrefix("manifests/") {
            let now = remembered.withLock { $0 }
            rememberedAtUpload.withLock { $0 = now }
        }
        order.withLock { _ in
            stored.write(object)
            contents.write(bytes)
        }
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        if isLocked.load(ordering: .relaxed) { return HTTPResponse(401, "") }
        let time = FakeClock.start.iso8601
        guard request.url.contains("/search/") else {
            let id = request.url.split(separator: "/").last ?? ""
            if request.url.contains("/download/"), downloads.write(Int64(id) ?? 0) > lockedAfter.withLock({ $0 }) {
                return HTTPResponse(401, "")
            }
            if refused.withLock({ $0.contains(Int64(id) ?? 0) }) {
                return HTTPResponse(200, #"{"ServiceResponse":{"responseCode":"OBJECT_NOT_FOUND"}}"#)
            }
            return HTTPResponse(
                200,
                #"{"ServiceResponse":{"responseCode":"SUCCESS","data":[{"WasScan":{"id":\#(id),"endScanDate":"\#(time)"}}]}}"#
            )
        }
        searches.write(request.bodyText)
        // The page after the last id that the search names.
        let after = request.bodyText.split(separator: "\"").compactMap { Int64($0) }.last ?? 0
        let isFound = request.bodyText.split(separator: "\"").contains { $0.hasPrefix("20") && $0 < time }
        let rest = finished.withLock { $0.filter { isFound && ($0 < 0 || $0 > after) } }
        let page = rest.prefix(1000)
        let mark = quotesIDs.load(ordering: .relaxed) ? "\"" : ""
        let items = page.map { id in
            let id = id < 0 ? "" : #""id":\#(mark)\#(id)\#(mark),"#
            return #"{"WasScan":{\#(id)"launchedDate":"\#(time)"}}"#
        }
        .joined(separator: ",")
        return HTTPResponse(
            200,
            #"{"ServiceResponse":{"responseCode":"SUCCESS","hasMoreRecords":"\#(rest.count > 1000)","#
                + #""lastId":\#(page.last ?? 0),"data":[\#(items)]}}"#
        )
    }
}
