import Jobs
import Support
import TestSupport
import Testing

@testable import WASExport

@Suite("The plan of an export")
struct ExportPlanTests {
    private let now = FakeClock.start

    private func time(_ text: String) throws -> Timestamp {
        try #require(Timestamp(dateOrTime: text))
    }

    @Test("The first run exports what finished today, in UTC")
    func firstRun() throws {
        var state = ExportState()
        let plan = ExportPlan(WASExportParameters(), &state, at: now)
        #expect(plan.window == ExportWindow(since: try time("2026-11-21"), until: now))
        #expect(plan.launchedAfter == plan.window.since - ExportWindow.lookBack)
        #expect(plan.name == "20261121T030045Z")
    }

    @Test("The next run goes on where the last one ended, and still takes what was being processed then")
    func nextRun() throws {
        var state = ExportState()
        ExportPlan(WASExportParameters(), &state, at: now).close(&state)
        #expect(state.cursor == now)
        let tomorrow = now + .seconds(86400)
        let plan = ExportPlan(WASExportParameters(), &state, at: tomorrow)
        #expect(plan.described.map(\.value) == ["2026-11-21T03:00:45Z", "2026-11-22T03:00:45Z"])
        #expect(plan.window.since == (try time("2026-11-21")))
        #expect(plan.launchedAfter == now - ExportWindow.lookBack)
    }

    @Test("A run that was not finished goes on under its name, up to now, without what it has done")
    func goesOn() throws {
        var state = ExportState()
        _ = ExportPlan(WASExportParameters(), &state, at: now)
        state[.scheduled]?.objects = [.init(id: 7, bytes: 1, sha256: "a")]
        let plan = ExportPlan(WASExportParameters(), &state, at: now + .seconds(600))
        #expect(plan.name == "20261121T030045Z")
        #expect(plan.done(state) == [7])
        #expect(plan.window.until == now + .seconds(600))
    }

    @Test("What somebody asks for leaves the schedule's place alone, and goes on only for the same request")
    func asked() throws {
        var state = ExportState()
        state.cursor = now
        let parameters = WASExportParameters(since: try time("2026-11-01"), until: try time("2026-11-02"))
        let first = ExportPlan(parameters, &state, at: now)
        #expect(first.window == ExportWindow(since: try time("2026-11-01"), until: try time("2026-11-02")))
        let again = ExportPlan(parameters, &state, at: now + .seconds(60))
        #expect(again.name == first.name)
        let other = ExportPlan(WASExportParameters(ids: [3]), &state, at: now + .seconds(60))
        #expect(other.name != first.name)
        other.close(&state)
        #expect(state.cursor == now)
        #expect(state[.asked] == nil)
    }

    @Test("After a run whose clock was ahead, the search goes back from now, not from that future")
    func clockBack() throws {
        var state = ExportState()
        ExportPlan(WASExportParameters(), &state, at: now + .seconds(300 * 86400)).close(&state)
        let plan = ExportPlan(WASExportParameters(), &state, at: now)
        #expect(plan.launchedAfter == now - ExportWindow.lookBack)
        #expect(plan.window.verdict(launched: now - .seconds(60), ended: now - .seconds(30)) == .inside)
        plan.close(&state)
        #expect(state.cursor == now)
    }

    @Test("What is asked for up to now goes up to now, also when an earlier run of it was not finished")
    func upToNow() throws {
        var state = ExportState()
        let parameters = WASExportParameters(since: try time("2026-11-01"))
        _ = ExportPlan(parameters, &state, at: now)
        let later = ExportPlan(parameters, &state, at: now + .seconds(86400))
        #expect(later.window.until == now + .seconds(86400))
    }

    @Test("Two runs in the same second have different names")
    func names() {
        var state = ExportState()
        let first = ExportPlan(WASExportParameters(), &state, at: now)
        first.close(&state)
        let second = ExportPlan(WASExportParameters(), &state, at: now + .milliseconds(10))
        #expect(first.name != second.name)
    }

    @Test("What a run leaves is read again as it was")
    func roundTrip() throws {
        var state = ExportState()
        ExportPlan(WASExportParameters(), &state, at: now).close(&state)
        _ = ExportPlan(WASExportParameters(), &state, at: now + .seconds(60))
        _ = ExportPlan(WASExportParameters(ids: [1, 2]), &state, at: now + .seconds(60))
        state[.scheduled]?.objects = [.init(id: 7, bytes: 1 << 40, sha256: "a")]
        state[.asked]?.missing = [1, 2, 9]
        for id in 3001...3050 { state.settled.insert(Int64(id), launched: now - .seconds(id)) }
        state.missing.insert(9, day: "20261101")
        #expect(try ExportState(json: state.json, place: "here") == state)
    }

    @Test(
        "A state that this program did not write is refused, by its place",
        arguments: [
            "", "{}", "[]", #"{"version":2,"settled":{}}"#, #"{"version":1,"settled":{"20261121":"a-b"}}"#,
            #"{"version":1,"settled":{},"run":{"started":"x","since":"","until":"","request":"","after":0,"objects":[]}}"#,
        ]
    )
    func foreign(text: String) {
        #expect(throws: JobStateError.unreadable("here")) { try ExportState(json: Array(text.utf8), place: "here") }
    }

    @Test(
        "However many scans there are, what two open runs and a week leave fits into a row",
        arguments: [0, 7000, 20_000]
    )
    func fits(settled: Int) {
        var state = ExportState()
        _ = ExportPlan(WASExportParameters(), &state, at: now)
        _ = ExportPlan(WASExportParameters(ids: [1]), &state, at: now)
        for id in 0..<settled {
            state.settled.insert(
                Int64(50_000_000 + 3 * id),
                launched: now - .seconds(Int64(id) * 604_800 / Int64(settled))
            )
        }
        for slot in [ExportState.Slot.scheduled, .asked] {
            let room = state.room(for: slot)
            #expect(room == 1500 || slot == .asked || settled > 0)
            for id in 0..<room {
                let id = Int64(100_000_000 + 3 * id)
                let sha256 = String(repeating: "a", count: 64)
                state[slot]?.objects.append(.init(id: id, bytes: 10_000_000, sha256: sha256))
                if slot == .scheduled { state.settled.insert(id, launched: now) }
            }
        }
        #expect(state.json.count < 390 * 1024)
    }

    @Test("What somebody asked for and nobody went on with for a week gives its room back")
    func abandoned() {
        var state = ExportState()
        _ = ExportPlan(WASExportParameters(ids: [1]), &state, at: now)
        _ = ExportPlan(WASExportParameters(), &state, at: now + .seconds(6 * 86400))
        #expect(state[.asked] != nil)
        _ = ExportPlan(WASExportParameters(), &state, at: now + .seconds(7 * 86400))
        #expect(state[.asked] == nil)
    }

    @Test("A part of a run ends with an id; the next has the scans beyond it, and a name of its own")
    func part() throws {
        var state = ExportState()
        let first = ExportPlan(WASExportParameters(), &state, at: now)
        state[.scheduled]?.objects = (1...9).map { .init(id: $0, bytes: 1, sha256: "a") }
        first.close(upTo: 6, missing: [], &state, at: now)
        let second = ExportPlan(WASExportParameters(), &state, at: now + .seconds(60))
        #expect((second.after, second.done(state)) == (6, [7, 8, 9]))
        #expect(second.name != first.name)
        #expect(state.cursor == nil)
    }

    @Test("Parameters are held against each other")
    func parameters() throws {
        #expect(throws: JobParameterError.self) {
            try WASExportParameters(JobParameters(["since": .text("2026-11-02"), "until": .text("2026-11-01")]))
        }
        #expect(throws: JobParameterError.self) {
            try WASExportParameters(JobParameters(["since": .text("2026-11-02"), "ids": .text("1")]))
        }
        #expect(throws: JobParameterError.self) { try WASExportParameters(JobParameters(["ids": .text("1,x")])) }
        let many = (1...5001).map { String($0) }
        #expect(throws: JobParameterError.self) { try WASExportParameters(JobParameters(["ids": .list(many)])) }
        #expect(try WASExportParameters(JobParameters(["ids": .list(["5", "6"])])).ids == [5, 6])
    }
}
