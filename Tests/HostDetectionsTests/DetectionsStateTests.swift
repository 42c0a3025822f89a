import Jobs
import Support
import TestSupport
import Testing

@testable import HostDetections

@Suite("What a pull remembers")
struct DetectionsStateTests {
    @Test("The state is read as it was written, and fits into a row however many requests there were")
    func roundTrip() throws {
        var state = DetectionsState()
        for number in 0..<100 { state.completed("request \(number)", FakeClock.start + .seconds(number)) }
        state.open = DetectionsState.Run(started: 5, request: "r", processedAfter: 3, owner: nil)
        state.done = "1-7"
        let json = state.json
        #expect(json.count < 4096)
        #expect(try DetectionsState(json: json, place: "here") == state)
        #expect(state.lastComplete("request 99") == FakeClock.start + .seconds(99))
        #expect(state.lastComplete("request 0") == nil)
        #expect(throws: JobStateError.self) { try DetectionsState(json: Array("{}".utf8), place: "here") }
    }

    @Test("A checkpoint has all that a run was asked for, and its hosts")
    func checkpoint() throws {
        var parameters = try HostDetectionsParameters(
            JobParameters([
                "tags": .list(["a b", "c"]), "rows": .text("ndjson,sqlite"), "batch_size": .number(50),
                "status": .text("Fixed"), "by_ip": .truth(true), "host_assets": .truth(true),
            ])
        )
        parameters.processedAfter = FakeClock.start
        var checkpoint = Checkpoint(parameters, started: FakeClock.start, processedAfter: FakeClock.start)
        let hosts = HostSet(ids: IDRanges([1, 2, 3, 9]), addresses: IDRanges([167_772_161]))
        checkpoint.hostSet = hosts
        let read = try Checkpoint(json: checkpoint.json, place: "here")
        #expect(read == checkpoint)
        #expect(read.parameters == parameters)
        #expect(read.hostSet == hosts)
        #expect(read.isListed)
    }

    @Test(
        "Parameters that make no sense are refused by name",
        arguments: [
            ("rows", "xml"), ("status", "Old"), ("retry_run", "yesterday"), ("ids", "1,a"), ("filters", "action=x"),
            ("filters", "ag_titles"), ("processed_after", "soon"), ("batch_size", "0"), ("workers", "1000"),
        ]
    )
    func refusals(name: String, text: String) {
        let error = #expect(throws: JobParameterError.self) {
            try HostDetectionsParameters(JobParameters([name: .text(text)]))
        }
        #expect(error?.name == name)
    }
}
