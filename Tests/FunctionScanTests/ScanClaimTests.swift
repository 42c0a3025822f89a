import AWSClients
import AWSSigning
import HTTPTransport
import QScanner
import Support
import Telemetry
import TestSupport
import Testing

@testable import FunctionScan

/// The scan cache, against a table in memory.
@Suite struct ScanCacheTests {
    private static let now = FakeClock.start.seconds
    private static let soon = FakeClock.start + .seconds(1)

    private func cache(_ table: FakeDynamoDB, ttl: Duration = .seconds(30 * 86400)) -> ScanCache {
        let http = FakeHTTP { (request: HTTPRequest, _: Int) throws(HTTPError) in table.answer(request) }
        let caller = AWSCaller(
            region: "eu-west-1",
            credentials: .fixed(AWSCredentials(accessKeyID: "A", secretAccessKey: Redacted("s"))),
            endpoints: AWSEndpoints(environment: [:]),
            http: http.client,
            clock: FakeClock().clock
        )
        return ScanCache(table: "cache", ttl: ttl, client: DynamoDBClient(caller))
    }

    // MARK: Taking the claim

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var row: DynamoDBItem?
        var outcome: ScanClaim.Outcome
    }

    /// A row of a finished scan of `code-1` without layers.
    private static func finished(ttl: Int64, code: String = "code-1", layers: [String] = []) -> DynamoDBItem {
        let scanned = ScannedCode(.test(code: code, layers: layers))
        return [
            "code_sha256": .text(scanned.codeSHA256), "layers_sha256": .text(scanned.layersSHA256),
            "ttl": .number(ttl), "results": .text("s3://b/1.json"),
        ]
    }

    private static func claimed(
        _ owner: String,
        until expires: Int64?,
        code: String = "code-1",
        layers: [String] = []
    ) -> DynamoDBItem {
        var row: DynamoDBItem = [
            "claim_owner": .text(owner),
            "claim_code": .text(ScannedCode(.test(code: code, layers: layers)).text),
        ]
        row["claim_expires"] = expires.map { .number($0) }
        return row
    }

    private static func both(_ left: DynamoDBItem, _ right: DynamoDBItem) -> DynamoDBItem { left.merging(right) { $1 } }

    static let states = [
        Case(testDescription: "no row", row: nil, outcome: .taken),
        Case(testDescription: "fresh", row: finished(ttl: now + 1), outcome: .cached(results: "s3://b/1.json")),
        Case(
            testDescription: "fresh, results not stored",
            row: finished(ttl: now + 1).filter { $0.key != "results" },
            outcome: .cached(results: nil)
        ),
        Case(testDescription: "stale since this second", row: finished(ttl: now), outcome: .taken),
        Case(testDescription: "stale", row: finished(ttl: now - 86400), outcome: .taken),
        Case(testDescription: "other code", row: finished(ttl: now + 9, code: "code-0"), outcome: .taken),
        Case(testDescription: "other layers", row: finished(ttl: now + 9, layers: ["l:1"]), outcome: .taken),
        Case(
            testDescription: "a row of before there were layers in it",
            row: finished(ttl: now + 9).filter { $0.key != "layers_sha256" },
            outcome: .taken
        ),
        Case(
            testDescription: "a row without ttl",
            row: finished(ttl: now + 9).filter { $0.key != "ttl" },
            outcome: .taken
        ),
        Case(
            testDescription: "somebody's live claim",
            row: claimed("other", until: now + 1),
            outcome: .inProgress(owner: "other", expires: soon)
        ),
        Case(
            testDescription: "somebody's claim of other code",
            row: claimed("other", until: now + 9, code: "x"),
            outcome: .taken
        ),
        Case(
            testDescription: "somebody's claim of other layers",
            row: claimed("other", until: now + 9, layers: ["l:1"]),
            outcome: .taken
        ),
        Case(
            testDescription: "a shell's claim, for which nobody may come back",
            row: claimed("qualysctl-1", until: now + 86400),
            outcome: .taken
        ),
        Case(testDescription: "somebody's claim that ran out", row: claimed("other", until: now), outcome: .taken),
        Case(testDescription: "somebody's claim without end", row: claimed("other", until: nil), outcome: .taken),
        Case(
            testDescription: "our own claim: Lambda's retry",
            row: claimed("request-1", until: now + 900),
            outcome: .taken
        ),
        Case(
            testDescription: "stale, and somebody's live claim",
            row: both(finished(ttl: now - 1), claimed("other", until: now + 1)),
            outcome: .inProgress(owner: "other", expires: soon)
        ),
        Case(
            testDescription: "fresh of other code, and somebody's live claim of ours",
            row: both(finished(ttl: now + 9, code: "code-0"), claimed("other", until: now + 1)),
            outcome: .inProgress(owner: "other", expires: soon)
        ),
        Case(
            testDescription: "fresh, and somebody scans other code",
            row: both(finished(ttl: now + 9), claimed("other", until: now + 9, code: "code-2")),
            outcome: .cached(results: "s3://b/1.json")
        ),
        Case(
            testDescription: "fresh, and our own claim is left",
            row: both(finished(ttl: now + 9), claimed("request-1", until: now + 9)),
            outcome: .cached(results: "s3://b/1.json")
        ),
    ]

    @Test(arguments: states, [true, false])
    func `The row decides whether there is a scan`(_ state: Case, bringsRow: Bool) async throws {
        let table = FakeDynamoDB(state.row, bringsRow: bringsRow)
        let before = table.row
        #expect(try await cache(table).take(.test(), .test()) == state.outcome)
        guard state.outcome == .taken else {
            #expect(table.row == before, "a refused claim writes nothing")
            return
        }
        #expect(table.row?["claim_owner"] == .text("request-1"))
        // Rounded up: it must outlive the scan.
        #expect(table.row?["claim_expires"] == .number(Self.now + 901))
        #expect(table.row?["code_sha256"] == nil, "what was scanned before counts no more")
        #expect(table.row?["scan_timestamp"] == before?["scan_timestamp"], "but it is still told")
        #expect(table.row?["ttl"] == .number(Self.now + 901 + 86400), "or the row would go during the scan")
    }

    @Test func `Of many who want the same code at once one gets it`() async throws {
        let cache = cache(FakeDynamoDB())
        let outcomes = try await withThrowingTaskGroup(of: ScanClaim.Outcome.self) { group in
            for number in 0..<30 {
                group.addTask { try await cache.take(.test(owner: "request-\(number)"), .test()) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == .taken }.count == 1)
        #expect(Set(outcomes).count == 2)
    }

    // MARK: Functions that were created anew

    @Test(arguments: [true, false])
    func `A function made again with the same code is scanned, and another delivery of that is not`(
        _ bringsRow: Bool
    ) async throws {
        let table = FakeDynamoDB(bringsRow: bringsRow)
        let cache = cache(table)
        var claim = ScanClaim.test()
        _ = try await cache.take(claim, .test())
        try await cache.record(claim, .test(), .test())

        claim.created = FakeClock.start + .seconds(1)
        #expect(try await cache.take(claim, .test()) == .taken, "the tags went with the function")
        var again = FinishedScan.test()
        again.timestamp = FakeClock.start + .seconds(1)
        try await cache.record(claim, again, .test())
        #expect(try await cache.take(claim, .test()) == .cached(results: "s3://results/scans/1.json"))
    }

    @Test func `Who scans a function made again is told, though an earlier scan is there`() async throws {
        let table = FakeDynamoDB(
            Self.both(Self.finished(ttl: Self.now + 9), Self.claimed("other", until: Self.now + 1))
        )
        var claim = ScanClaim.test()
        claim.created = FakeClock.start
        #expect(try await cache(table).take(claim, .test()) == .inProgress(owner: "other", expires: Self.soon))
    }

    // MARK: Why it was refused

    private static let unknown = ScanClaim.Outcome.inProgress(owner: nil, expires: nil)

    @Test(
        arguments: [
            (nil, unknown), ([:], unknown), (finished(ttl: now + 1), .cached(results: "s3://b/1.json")),
            (finished(ttl: now), unknown), (finished(ttl: now + 1, code: "x"), unknown),
            (finished(ttl: now + 1, layers: ["l"]), unknown),
            (claimed("other", until: now + 1), .inProgress(owner: "other", expires: soon)),
            (both(finished(ttl: now + 1), ["ttl": .text("9999999999")]), unknown),
            (both(finished(ttl: now + 1), ["results": .number(1)]), .cached(results: nil)),
        ] as [(DynamoDBItem?, ScanClaim.Outcome)]
    )
    func `A refused claim's row says why`(_ row: DynamoDBItem?, _ outcome: ScanClaim.Outcome) {
        #expect(ScanClaim.test().outcome(refusedBy: row) == outcome)
    }

    // MARK: Afterwards

    @Test func `A finished scan writes its row and ends the claim in one`() async throws {
        let table = FakeDynamoDB(["somebody's": .text("attribute")])
        let cache = cache(table)
        _ = try await cache.take(.test(), .test())
        try await cache.record(.test(), .test(), .test())
        #expect(
            table.row == [
                "function_arn": .text("arn:aws:lambda:eu-west-1:123456789012:function:web"),
                "code_sha256": .text("code-1"), "layers_sha256": .text(ScanClaim.test().code.layersSHA256),
                "scan_timestamp": .text("2026-11-21T03:00:45Z"), "scan_status": .text("success"),
                "function_name": .text("web"), "package_type": .text("Zip"), "runtime": .text("python3.13"),
                "last_modified": .text("2026-11-20T00:00:00Z"), "results": .text("s3://results/scans/1.json"),
                "ttl": .number(Self.now + 30 * 86400), "somebody's": .text("attribute"),
            ]
        )
        #expect(try await cache.take(.test(owner: "x"), .test()) == .cached(results: "s3://results/scans/1.json"))
    }

    @Test func `What an earlier scan left and a later one does not have goes`() async throws {
        let table = FakeDynamoDB()
        let cache = cache(table)
        try await cache.record(.test(), .test(), .test())
        var later = FinishedScan.test(results: nil)
        (later.description.runtime, later.description.lastModified) = (nil, nil)
        try await cache.record(.test(), later, .test())
        #expect(table.row?["code_sha256"] == .text("code-1"))
        for name in ["results", "runtime", "last_modified"] { #expect(table.row?[name] == nil) }
    }

    @Test(arguments: [true, false])
    func `Giving back again, after an answer that was lost, says that it was ours`(_ bringsRow: Bool) async throws {
        let cache = cache(FakeDynamoDB(bringsRow: bringsRow))
        _ = try await cache.take(.test(), .test())
        #expect(try await cache.giveBack(.test(), .test()))
        #expect(try await cache.giveBack(.test(), .test()))
    }

    // MARK: An attempt that failed without a claim

    @Test(
        arguments: [
            ("no row", nil, true), ("a scan that is done", finished(ttl: now + 9), true),
            ("somebody's claim", claimed("other", until: now + 1), false),
            ("our own claim, of an attempt that was killed", claimed("request-1", until: now + 1), true),
        ] as [(String, DynamoDBItem?, Bool)],
        [true, false]
    )
    func `An attempt that failed without a claim has the next one scan, and the tags unless somebody scans`(
        _ state: (name: String, row: DynamoDBItem?, isOurs: Bool),
        bringsRow: Bool
    ) async throws {
        let table = FakeDynamoDB(state.row, bringsRow: bringsRow)
        let cache = cache(table)
        #expect(try await cache.distrust(.test(), owner: "request-1", .test()) == state.isOurs)
        #expect((table.row == nil) == (state.row == nil), "no row is made")
        #expect(table.row?["code_sha256"] == nil)
        #expect(table.row?["claim_owner"] == state.row?["claim_owner"])
    }

    @Test func `A row that was deleted during the scan is not called a newer scan`() async throws {
        let book = LogBook()
        var claim = ScanClaim.test()
        claim.isHeld = true
        let context = CallContext(deadline: Deadline(FakeClock.start + .seconds(9)), log: book.logger)
        try await cache(FakeDynamoDB()).record(claim, .test(), context)
        #expect(book.messages.last == "The row was deleted during the scan: the next event scans again")
    }

    @Test func `Writing the row again, after an answer that was lost, changes nothing`() async throws {
        let table = FakeDynamoDB()
        let cache = cache(table)
        _ = try await cache.take(.test(), .test())
        try await cache.record(.test(), .test(), .test())
        let once = table.row
        try await cache.record(.test(), .test(), .test())
        #expect(table.row == once)
    }

    /// The failed scan tagged the function `failed`: going back to the earlier code has to scan and tag it anew.
    @Test func `A claim that was given back is free, and the earlier scan counts no more`() async throws {
        let table = FakeDynamoDB(Self.finished(ttl: Self.now + 9, code: "code-0"))
        let cache = cache(table)
        _ = try await cache.take(.test(), .test())
        #expect(try await cache.giveBack(.test(), .test()))
        #expect(table.row?["claim_owner"] == nil)
        #expect(try await cache.take(.test(owner: "other", code: "code-0"), .test()) == .taken)
    }

    @Test func `Who took the claim over keeps it`() async throws {
        let table = FakeDynamoDB()
        let cache = cache(table)
        let late = ScanClaim.test()
        let newer = ScanClaim.test(owner: "request-2", code: "code-2")
        _ = try await cache.take(late, .test())
        #expect(try await cache.take(newer, .test()) == .taken)
        let taken = table.row
        #expect(try await !cache.giveBack(late, .test()))
        try await cache.record(late, .test(), .test())
        #expect(table.row == taken, "the older scan leaves it alone")
        #expect(try await cache.giveBack(newer, .test()))
        #expect(table.row?["claim_owner"] == nil)
    }

    @Test func `An older scan that ends after the newer one has ended leaves its row alone`() async throws {
        let table = FakeDynamoDB()
        let cache = cache(table)
        var (late, newer) = (ScanClaim.test(), ScanClaim.test(owner: "request-2", code: "code-2"))
        (late.isHeld, newer.isHeld) = (true, true)
        _ = try await cache.take(late, .test())
        _ = try await cache.take(newer, .test())
        try await cache.record(newer, .test(), .test())
        let newest = table.row
        try await cache.record(late, .test(), .test())
        #expect(table.row == newest)
        #expect(try await !cache.giveBack(late, .test()))
    }

    // MARK: The row

    @Test(arguments: [
        (ScanReport.test, Duration.seconds(86400 * 30), Int64(86400 * 30)), (.test, .seconds(3600), 3600),
        (.unknown, .seconds(86400 * 30), 86400), (.unknown, .seconds(3600), 3600),
    ])
    func `A partial result counts for a day at most`(_ report: ScanReport, _ ttl: Duration, _ seconds: Int64) {
        let row = ScanRow.attributes(.test(report), ttl: ttl)
        #expect(row["ttl"] == .number(Self.now + seconds))
        #expect(row["scan_status"] == .text(report.outcome.rawValue))
    }

    @Test func `What is not known has no attribute`() {
        var scan = FinishedScan.test(results: nil, description: .test(isImage: true))
        scan.description.runtime = nil
        scan.description.lastModified = nil
        #expect(
            Set(ScanRow.attributes(scan, ttl: .seconds(1)).keys) == [
                "code_sha256", "layers_sha256", "scan_timestamp", "scan_status", "function_name", "package_type", "ttl",
            ]
        )
    }

    @Test func `Layers count in their order`() {
        let codes = [[], ["a"], ["a", "b"], ["b", "a"]].map { ScannedCode(.test(layers: $0)) }
        #expect(Set(codes).count == 4)
        #expect(ScannedCode(.test(layers: ["a", "b"])) == codes[2])
    }
}
