import Compression
import HTTPTransport
import Jobs
import QualysAPI
import Support
import Telemetry
import TestSupport
import Testing

@testable import HostDetections

/// What runs find and leave, with an output in memory and a Qualys that nobody calls.
struct FakeRun: Sendable {
    let folder: TemporaryFolder
    let services: JobServices

    init(
        http: HTTPClient = FakeHTTP([.failed(.other)]).client,
        state: JobStateStore? = nil,
        user: String = "u",
        reading: (@Sendable () throws -> Void)? = nil
    ) throws {
        folder = try TemporaryFolder()
        let account = QualysAccount(
            username: Redacted(user),
            password: Redacted("p"),
            apiURL: "https://api.example.test",
            gatewayURL: "https://gateway.example.test"
        )
        let clock = FakeClock()
        let sessions = QualysSessions(http: http, clock: clock.clock) { _ in account }
        let stored = JobOutput.folder("\(folder.path)/output")
        let output = JobOutput(base: stored.base, put: stored.put) { key, path, context in
            try reading?()
            return try await stored.get(key, path, context)
        }
        services = JobServices(
            qualys: QualysClient(sessions: sessions, http: http, workers: 1, clock: clock.clock),
            output: output,
            state: state ?? .file("\(folder.path)/state"),
            scratch: folder.path,
            workers: 1,
            clock: clock.clock
        )
    }

    /// A run that begins so many seconds after the first.
    func plan(
        _ parameters: [String: JobParameters.Value],
        _ state: inout DetectionsState,
        after seconds: Int,
        owner: String = "owner"
    ) async throws -> RunPlan {
        let asked = try HostDetectionsParameters(JobParameters(parameters))
        let now = FakeClock.start + .seconds(seconds)
        return try await RunPlan(asked, &state, at: now, owner: owner, services, .test())
    }

    /// Keeps how far a run is.
    func save(_ plan: RunPlan) async throws {
        let object = JobObject(key: Checkpoint.key(plan.run, plan.parameters.layout))
        _ = try await services.output.put(object, .bytes(GzipWriter.compress(plan.checkpoint.json)), .test())
    }
}

@Suite("A run and those before it")
struct RunPlanTests {
    @Test("Runs for different hosts that are interrupted each go on, and one that is done does not")
    func turns() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let first = try await fake.plan(["tags": .text("a")], &state, after: 0)
        let second = try await fake.plan(["tags": .text("b")], &state, after: 10)
        #expect(try await fake.plan(["tags": .text("a")], &state, after: 20, owner: "another").run == first.run)
        let again = try await fake.plan(["tags": .text("b")], &state, after: 30)
        #expect(again.run == second.run && again.run != first.run)
        again.close(&state, isComplete: true, owner: "owner")
        #expect(try await fake.plan(["tags": .text("b")], &state, after: 40).run > again.run)
        #expect(try await fake.plan(["tags": .text("a")], &state, after: 50).run == first.run)
    }

    @Test("Of a run that ended in part its own event's retry goes on, and nobody else")
    func partial() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let first = try await fake.plan([:], &state, after: 0)
        first.close(&state, isComplete: false, owner: "owner")
        state = try DetectionsState(json: state.json, place: "here")
        #expect(try await fake.plan([:], &state, after: 10).run == first.run)
        first.close(&state, isComplete: false, owner: "owner")
        #expect(try await fake.plan([:], &state, after: 20, owner: "another").run > first.run)
    }

    @Test("A run that was named is taken over by no other when it is interrupted, and disturbs none")
    func retries() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let partial = try await fake.plan([:], &state, after: 0)
        try await fake.save(partial)
        partial.close(&state, isComplete: false, owner: "owner")
        let killed = try await fake.plan(["tags": .text("a")], &state, after: 10)
        let before = state
        let retry = try await fake.plan(["retry_run": .text(partial.run)], &state, after: 20, owner: "another")
        #expect(retry.run == partial.run && state == before)
        #expect(try await fake.plan(["tags": .text("a")], &state, after: 30, owner: "another").run == killed.run)
        #expect(try await fake.plan([:], &state, after: 40, owner: "another").run > partial.run)
        retry.close(&state, isComplete: true, owner: "another")
        #expect(state.lastComplete(digestedRequest(partial)) == partial.started)
    }

    @Test("What another account left is nothing to go on from")
    func accounts() async throws {
        let (ours, theirs) = (try FakeRun(), try FakeRun(user: "another"))
        var state = DetectionsState()
        let killed = try await ours.plan([:], &state, after: 0)
        #expect(try await theirs.plan([:], &state, after: 10).run != killed.run)
        let complete = try await ours.plan(["tags": .text("a")], &state, after: 20)
        complete.close(&state, isComplete: true, owner: "owner")
        let others = try await theirs.plan(["tags": .text("a")], &state, after: 30)
        #expect(others.processedAfter == HostDetectionsParameters.beginning)
        #expect(try await ours.plan(["tags": .text("a")], &state, after: 40).processedAfter > others.processedAfter)
        // Named, it is refused.
        try await ours.save(killed)
        let copy = try FakeRun(user: "another")
        try await copy.save(killed)
        await #expect(throws: JobError.self) {
            _ = try await copy.plan(["retry_run": .text(killed.run)], &state, after: 50)
        }
        #expect(try await ours.plan(["retry_run": .text(killed.run)], &state, after: 60).run == killed.run)
    }

    @Test("A run is gone on with every week, but not when nobody was at work on it for longer")
    func old() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let week = 7 * 86_400
        let first = try await fake.plan([:], &state, after: 0)
        for weeks in 1...3 { #expect(try await fake.plan([:], &state, after: weeks * week).run == first.run) }
        // To be at work for long is no rest.
        state.touched(first.started.milliseconds, at: FakeClock.start + .seconds(5 * week))
        #expect(try await fake.plan([:], &state, after: 6 * week).run == first.run)
        #expect(try await fake.plan([:], &state, after: 8 * week).run > first.run)
    }

    @Test("What cannot be read of a run is left as it is; a failure that may pass ends the new run instead")
    func unreadable() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let first = try await fake.plan([:], &state, after: 0)
        let key = Checkpoint.key(first.run, first.parameters.layout)
        let text = GzipWriter.compress(Array("x".utf8))
        _ = try await fake.services.output.put(JobObject(key: key), .bytes(text), .test())
        #expect(try await fake.plan([:], &state, after: 10).run > first.run)
        let broken = try FakeRun(reading: { throw QualysError(.unavailable, call: "GET", message: "m") })
        state = DetectionsState()
        _ = try await broken.plan([:], &state, after: 0)
        await #expect(throws: QualysError.self) { _ = try await broken.plan([:], &state, after: 10) }
    }

    @Test("Without what the KnowledgeBase says the cursor moves on, and the event's retry asks for just that")
    func withoutKnowledge() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let first = try await fake.plan([:], &state, after: 0)
        first.close(&state, isComplete: true, isWhole: false, owner: "owner")
        #expect(try await fake.plan([:], &state, after: 10).run == first.run)
        first.close(&state, isComplete: true, isWhole: false, owner: "owner")
        let next = try await fake.plan([:], &state, after: 20, owner: "another")
        #expect(next.run > first.run && next.processedAfter == first.started - HostDetections.overlap)
    }

    @Test("Rows in a form that was not asked for before begin with everything")
    func forms() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        try await fake.plan([:], &state, after: 0).close(&state, isComplete: true, owner: "owner")
        let rows = try await fake.plan(["rows": .text("ndjson")], &state, after: 10)
        #expect(rows.processedAfter == HostDetectionsParameters.beginning)
        rows.close(&state, isComplete: true, owner: "owner")
        let next = try await fake.plan(["rows": .text("ndjson")], &state, after: 20)
        #expect(next.processedAfter == FakeClock.start + .seconds(10) - HostDetections.overlap)
    }

    @Test("Two runs that begin in one second have names of their own")
    func names() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let first = try await fake.plan([:], &state, after: 0)
        first.close(&state, isComplete: true, owner: "owner")
        state = try DetectionsState(json: state.json, place: "here")
        let second = try await fake.plan([:], &state, after: 0)
        let third = try await fake.plan(["tags": .text("a")], &state, after: 0)
        #expect(Set([first.run, second.run, third.run]).count == 3)
    }

    @Test("The next run asks from the moment of Qualys's own clock at which the hosts were listed")
    func clocks() async throws {
        let fake = try FakeRun()
        var state = DetectionsState()
        let listed = FakeClock.start - .seconds(7200)
        try await fake.plan([:], &state, after: 0)
            .close(&state, isComplete: true, listed: listed, owner: "owner")
        #expect(try await fake.plan([:], &state, after: 10).processedAfter == listed - HostDetections.overlap)
    }

    private func digestedRequest(_ plan: RunPlan) -> String {
        var state = DetectionsState()
        plan.close(&state, isComplete: true, owner: "owner")
        return state.complete.keys.first ?? ""
    }
}

@Suite("A pull whose batches are refused")
struct RefusedBatchTests {
    @Test(
        "One that may not be asked for is named when another came; a run in which none did has failed",
        arguments: [1, 0]
    )
    func forbidden(allowed: Int) async throws {
        let http = FakeHTTP { request, _ throws(HTTPError) in
            if request.url.contains("about.php") { return HTTPResponse(200, "<ABOUT></ABOUT>") }
            guard request.url.contains("/vm/detection") else {
                let ids = "<ID>1</ID><ID>2</ID><ID>3</ID>"
                return HTTPResponse(
                    200,
                    "<HOST_LIST_OUTPUT><RESPONSE><ID_SET>\(ids)</ID_SET></RESPONSE></HOST_LIST_OUTPUT>"
                )
            }
            guard request.bodyText.contains("ids=\(allowed)") else { return HTTPResponse(403, "") }
            let host = "<HOST_LIST><HOST><ID>1</ID></HOST></HOST_LIST>"
            let root = "HOST_LIST_VM_DETECTION_OUTPUT"
            return HTTPResponse(200, "<\(root)><RESPONSE>\(host)</RESPONSE></\(root)>")
        }
        let fake = try FakeRun(http: http.client)
        let parameters = try HostDetectionsParameters(JobParameters(["batch_size": .number(1)]))
        let error = await #expect(throws: JobError.self) {
            try await HostDetections(fake.services).run(parameters, owner: "owner", .test())
        }
        #expect(error?.outcome == (allowed > 0 ? .partial : .failed))
        #expect(error?.missing.count == (allowed > 0 ? 2 : 0))
    }
}

@Suite("A run whose state is lost")
struct LostRunTests {
    @Test("Is over at once, whatever it is being answered")
    func lost() async throws {
        let listing = FakeHTTP { request, _ throws(HTTPError) in
            let body =
                request.url.contains("about.php")
                ? "<ABOUT></ABOUT>"
                : "<HOST_LIST_OUTPUT><RESPONSE><ID_SET><ID>1</ID></ID_SET></RESPONSE></HOST_LIST_OUTPUT>"
            return HTTPResponse(200, body)
        }
        let http = HTTPClient { (request: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            if request.url.contains("/vm/detection") { await untilCancelled() }
            return try await listing.client.send(request, sink)
        }
        let state = JobStateStore(
            place: "",
            begin: { _, _ in .mine(nil) },
            save: { _, _, _ in throw JobStateError.lost },
            end: { _, _, _ in throw JobStateError.lost }
        )
        let fake = try FakeRun(http: http, state: state)
        let error = await #expect(throws: JobError.self) {
            try await HostDetections(fake.services).run(HostDetectionsParameters(), owner: "owner", .test())
        }
        #expect(error?.reason == describe(JobStateError.lost).description)
    }
}

@Suite("The end of a run")
struct RunFinishTests {
    @Test("A database that cannot be made is named as missing, and the rest is there")
    func database() async throws {
        let fake = try FakeRun()
        var parameters = HostDetectionsParameters()
        parameters.rows = [.ndjson, .sqlite]
        var checkpoint = Checkpoint(parameters, account: "", started: FakeClock.start, processedAfter: FakeClock.start)
        var work = FinishedWork(number: 1, kind: .detections)
        let gone = StoredObject(key: "gone", bytes: 1, sha256: "")
        work.objects = [FinishedWork.Object(gone, path: "xml/vm_detections_Range-1-2_gone.xml.gz")]
        checkpoint.finished = [work]
        let finish = RunFinish(services: fake.services, parameters: parameters, run: "20261121T030045Z")
        let made = try await finish.make(checkpoint, HostSet(), qids: [], .test())
        #expect(made.failed.map(\.id) == ["rows/detections.db.gz"])
        #expect(made.failed.first?.reason.contains("gone is not there any more") == true)
        let folder = "vm/detections/20261121T030045Z/"
        #expect(made.objects.map(\.key) == [folder + "hosts/hosts.json.gz", folder + "athena.sql"])
    }

    @Test("Without time for it nothing is missing: the run goes on")
    func noTime() async throws {
        let fake = try FakeRun()
        var parameters = HostDetectionsParameters()
        parameters.rows = [.sqlite]
        var checkpoint = Checkpoint(parameters, account: "", started: FakeClock.start, processedAfter: FakeClock.start)
        var work = FinishedWork(number: 1, kind: .detections)
        work.objects = [
            FinishedWork.Object(StoredObject(key: "a", bytes: 1, sha256: ""), path: "xml/vm_detections_1.xml.gz")
        ]
        checkpoint.finished = [work]
        let finish = RunFinish(services: fake.services, parameters: parameters, run: "20261121T030045Z")
        let error = await #expect(throws: QualysError.self) {
            try await finish.make(checkpoint, HostSet(), qids: [], .test(.zero))
        }
        #expect(error?.kind == .deadline)
    }
}
