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
        for number in 0..<100 {
            let moment = FakeClock.start + .seconds(number)
            let owner = "owner \(number)"
            let run = DetectionsState.Run(started: moment, processedAfter: moment, touched: moment, owner: owner)
            state.began(run, "shape \(number)")
        }
        state.done = "1-7"
        let json = state.json
        #expect(json.count < 5120)
        #expect(try DetectionsState(json: json, place: "here") == state)
        #expect(state.lastComplete("request 99") == FakeClock.start + .seconds(99))
        #expect(state.lastComplete("request 0") == nil)
        #expect(state.unfinished["shape 99"] != nil && state.unfinished["shape 0"] == nil)
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
        var checkpoint = Checkpoint(
            parameters,
            account: "a",
            started: FakeClock.start,
            processedAfter: FakeClock.start
        )
        checkpoint.listed = 7
        let hosts = HostSet(ids: IDRanges([1, 2, 3, 9]), addresses: IDRanges([167_772_161]))
        checkpoint.hostSet = hosts
        let read = try Checkpoint(json: checkpoint.json, place: "here")
        #expect(read == checkpoint)
        #expect(read.parameters == parameters)
        #expect(read.hostSet == hosts)
        #expect(read.isListed)
    }

    @Test("Any parameter of the Host List call may be a filter")
    func filters() throws {
        let parameters = try HostDetectionsParameters(JobParameters(["filters": .list(["ipv6=::1", "ag_titles=a=b"])]))
        let expected = [("ipv6", "::1"), ("ag_titles", "a=b")].map { HostDetectionsParameters.Field($0.0, $0.1) }
        #expect(parameters.filters == expected)
    }

    @Test("Who asks by address asks for no other host of that address")
    func addresses() throws {
        let parameters = try HostDetectionsParameters(
            JobParameters(["tags": .text("a"), "ips": .text("10.0.0.0/8"), "by_ip": .truth(true)])
        )
        for (kind, number, expected) in [
            (HostBatch.Kind.addresses, Int64(167_772_161), ["ips=10.0.0.1", "tag_set_include=a"]),
            (.ids, 5, ["ids=5"]),
        ] {
            let batch = HostBatch(number: 1, kind: kind, members: IDRanges([number]))
            for form in [
                HostCalls.detections(batch, parameters, processedAfter: FakeClock.start),
                HostCalls.hostAssets(batch, parameters, processedAfter: FakeClock.start),
            ] {
                let fields = form.map { "\($0.name)=\($0.value)" }
                #expect(fields.filter { $0.hasPrefix("i") || $0.hasPrefix("tag_set_include") } == expected)
                #expect(fields.contains("vm_processed_after=\(FakeClock.start.iso8601)") == (kind == .addresses))
            }
        }
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

    @Test(
        "What the run that is retried has its own of cannot be asked for beside it",
        arguments: [
            ("rows", .text("csv")), ("status", .text("Fixed")), ("ids", .text("1")), ("filters", .list(["ag_ids=1"])),
            ("processed_after", .text("2026-11-21")), ("batch_size", .number(5)), ("by_ip", .truth(true)),
            ("knowledge_base", .truth(false)), ("host_assets", .truth(true)),
        ] as [(String, JobParameters.Value)]
    )
    func retry(name: String, value: JobParameters.Value) {
        let error = #expect(throws: JobParameterError.self) {
            try HostDetectionsParameters(JobParameters(["retry_run": .text("20261121T030045Z"), name: value]))
        }
        #expect(error?.name == name)
    }

    @Test("How many calls there are at a time is for the retry of a run to say")
    func workersOfRetry() throws {
        let parameters = try HostDetectionsParameters(
            JobParameters(["retry_run": .text("20261121T030045Z"), "workers": .number(7)])
        )
        #expect(parameters.retryRun == "20261121T030045Z" && parameters.workers == 7)
    }
}
