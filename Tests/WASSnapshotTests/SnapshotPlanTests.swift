import Jobs
import Support
import Testing

@testable import WASSnapshot

@Suite struct SnapshotPlanTests {
    private let now = Timestamp(seconds: 1_800_000_000)
    private var base: LatestSnapshot {
        LatestSnapshot(
            run: "20270101T000000Z",
            started: now - .seconds(86400),
            database: StoredObject(key: "k", bytes: 1, sha256: "s"),
            manifest: "m",
            csv: []
        )
    }

    private func plan(
        _ parameters: WASSnapshotParameters,
        saved: SnapshotState? = nil,
        latest: LatestSnapshot? = nil,
        owner: String = "me"
    ) -> SnapshotPlan {
        SnapshotPlan(parameters, saved: saved, latest: latest, owner: owner, at: now)
    }

    @Test func `Without since, or with full, everything is read`() {
        for parameters in [
            WASSnapshotParameters(), WASSnapshotParameters(since: .last, isFull: true),
        ] {
            let plan = plan(parameters, latest: base)
            #expect(plan.base == nil && plan.state.since == nil && plan.note == nil)
        }
    }

    @Test func `Changes without a snapshot are everything, and the answer says so`() {
        let plan = plan(WASSnapshotParameters(since: .last))
        #expect(plan.base == nil && plan.note?.contains("no snapshot yet") == true)
    }

    @Test(
        arguments: [
            (WASSnapshotParameters.Since.last, -86400 - 3600),
            // Later than the last snapshot would leave a gap, earlier reads more.
            (.time(Timestamp(seconds: 1_800_000_000)), -86400 - 3600),
            (.time(Timestamp(seconds: 1_799_000_000)), -1_000_000),
        ] as [(WASSnapshotParameters.Since, Int64)]
    )
    func `Changes begin no later than the last snapshot`(since: WASSnapshotParameters.Since, expected: Int64) {
        let plan = plan(WASSnapshotParameters(since: since), latest: base)
        #expect(plan.state.since == now + .seconds(expected))
        #expect(plan.base == base)
    }

    @Test func `A run that was not finished goes on, unless it is old or something else was asked for`() throws {
        let request = plan(WASSnapshotParameters()).state.request
        func begun(_ seconds: Int64) -> SnapshotState {
            SnapshotState(request: request, started: now - .seconds(seconds), since: nil, base: nil)
        }
        var saved = begun(86399)
        saved.done.insert(0...41)
        #expect(plan(WASSnapshotParameters(), saved: saved).isContinued)
        #expect(plan(WASSnapshotParameters(), saved: saved).state.done.count == 42)
        #expect(!plan(WASSnapshotParameters(writesCSV: true), saved: saved).isContinued)
        #expect(!plan(WASSnapshotParameters(since: .last), saved: saved, latest: base).isContinued)
        #expect(!plan(WASSnapshotParameters(), saved: begun(86400)).isContinued)
        // One that goes on once a day is done some day.
        for (days, isContinued) in [(3, true), (7, false)] {
            var long = begun(Int64(days) * 86400)
            long.progressed = now - .seconds(86399)
            long = try #require(try SnapshotState.read(long.json, place: "here"))
            #expect(plan(WASSnapshotParameters(), saved: long).isContinued == isContinued)
        }
    }

    @Test func `Of a run of which a part failed only its own retry goes on`() {
        var saved = plan(WASSnapshotParameters()).state
        saved.partialOwner = "request-1"
        #expect(plan(WASSnapshotParameters(), saved: saved, owner: "request-1").isContinued)
        #expect(!plan(WASSnapshotParameters(), saved: saved, owner: "request-2").isContinued)
    }

    @Test func `Changes go on only into the snapshot that they began with`() {
        let saved = plan(WASSnapshotParameters(since: .last), latest: base).state
        #expect(plan(WASSnapshotParameters(since: .last), saved: saved, latest: base).isContinued)
        let other = LatestSnapshot(
            run: "20270102T000000Z",
            started: now,
            database: base.database,
            manifest: "m",
            csv: []
        )
        #expect(!plan(WASSnapshotParameters(since: .last), saved: saved, latest: other).isContinued)
    }

    @Test func `The state comes back as it was, and is small for very many applications`() throws {
        var state = SnapshotState(request: "since= csv=false", started: now, since: now - .seconds(1), base: "b")
        state.listing = SnapshotState.Cursor(pages: 3, after: 12, isAtEnd: true)
        state.catalog = SnapshotState.Cursor(pages: 9, after: 9000, isAtEnd: false)
        state.done.insert(0...99_980)
        for place in stride(from: Int64(99_983), to: 100_020, by: 2) { state.done.insert(place) }
        state.partialOwner = "o"
        state.published = 2
        #expect(try SnapshotState.read(state.json, place: "here") == state)
        #expect(state.json.count < 4096)
        #expect(try SnapshotState.read(SnapshotState.empty, place: "here") == nil)
        for text in ["", "{}", "{\"version\":2}", "{\"version\":1,\"run\":{}}"] {
            #expect(throws: JobStateError.unreadable("here")) {
                try SnapshotState.read(Array(text.utf8), place: "here")
            }
        }
    }

    @Test func `What names the last snapshot comes back as it was`() {
        let json = base.json(status: "done", counts: [], finished: now)
        #expect(LatestSnapshot.read(json) == base)
        #expect(LatestSnapshot.read(Array("{}".utf8)) == nil)
    }

    @Test func `Files have the names that they always had`() throws {
        let run = try #require(Timestamp(iso8601: "2022-11-01T21:50:59Z"))
        let files = SnapshotFiles(run: run, since: nil)
        let dates = "_utc_run_datetime_2022-11-01T21:50:59Z_utc_last_scan_date_2000-01-01T00:00:00Z_batch_"
        let folder = "was/snapshots/20221101T215059Z/"
        #expect(files.webApps(page: 1) == "\(folder)json/was_webapp\(dates)000001.json.gz")
        #expect(files.catalog(page: 1234567) == "\(folder)json/was_catalog\(dates)1234567.json.gz")
        #expect(files.count("catalog") == "\(folder)json/was_count_catalog\(dates)000000.json.gz")
        let detail = SnapshotFiles.batch(1, webApp: 2001)
        #expect(files.webApp(batch: detail) == "\(folder)json/was_webapp_detail\(dates)000001_webapp_id_2001.json.gz")
        let finding = files.findings(batch: SnapshotFiles.batch(1, webApp: 2001, page: 2))
        #expect(finding == "\(folder)json/was_finding_detail\(dates)000001_webapp_id_2001_002.json.gz")
        #expect(files.database == "\(folder)was_sqlite.db.gz")
        #expect(SnapshotFiles(run: run, since: nil, published: 1).database == "\(folder)was_sqlite-2.db.gz")
        #expect(files.csv("Q_WAS_WebApp") == "\(folder)csv/Q_WAS_WebApp\(dates)000000.csv.gz")
    }

    @Test func `Parameters are read, and others refused`() throws {
        let given: [String: JobParameters.Value] = ["since": .text("last"), "full": .truth(true), "csv": .text("true")]
        let read = try WASSnapshotParameters(JobParameters(given))
        #expect(read == WASSnapshotParameters(since: .last, isFull: true, writesCSV: true))
        let day = try WASSnapshotParameters(JobParameters(["since": .text("2026-11-21")]))
        #expect(day.since == Timestamp(iso8601: "2026-11-21T00:00:00Z").map { .time($0) })
        for wrong in [
            ["since": .text("yesterday")], ["since": .number(3)], ["full": .text("x")], ["what": .truth(true)],
        ] as [[String: JobParameters.Value]] {
            #expect(throws: JobParameterError.self) { try WASSnapshotParameters(JobParameters(wrong)) }
        }
    }
}
