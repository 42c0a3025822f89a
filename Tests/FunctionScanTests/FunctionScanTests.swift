import AWSClients
import InMemoryLogging
import Logging
import QScanner
import Support
import Synchronization
import TestSupport
import Testing

@testable import FunctionScan
@testable import Telemetry

/// A step that was told to fail.
private struct StepFailure: Failure, Equatable {
    let step: String

    var label: String { "Test.\(step)" }
    var description: String { "\(step) failed." }
}

/// What the steps of a scan find, and which of them fail.
private struct Script: Sendable {
    var description: FunctionDescription? = .test()

    /// Nil when there is no table.
    var claim: ScanClaim.Outcome? = .taken
    var report = ScanReport.test
    var failing: Set<String> = []
}

/// Steps that write down what they do.
private final class Stage: Sendable {
    let journal = Journal<String>()
    let deadlines = Mutex<[String: Deadline]>([:])
    let book = LogBook()
    let clock = FakeClock()
    let script: Script

    init(_ script: Script = Script()) {
        self.script = script
    }

    private func play(_ step: String, _ entry: String? = nil, _ context: CallContext? = nil) throws(StepFailure) {
        journal.write(entry ?? step)
        if let context { deadlines.withLock { $0[step] = context.deadline } }
        if script.failing.contains(step) { throw StepFailure(step: step) }
    }

    var steps: ScanSteps {
        var steps = ScanSteps(
            describe: { [self] function, _, context in
                try play("describe", nil, context)
                return script.description
            },
            checkPackage: { [self] _, context in try play("check", nil, context) },
            runScanner: { [self] _, _, scratch, context in
                // After the package check, so that the order is always the same.
                while script.description?.packageType == .zip, !journal.entries.contains("check") { await Task.yield() }
                try play("scan", "scan in \(scratch.path)", context)
                return script.report
            },
            store: { [self] _, context in
                try play("store", nil, context)
                return "s3://b/1.json"
            },
            publish: { [self] scan, context in try play("publish", "publish \(scan.results ?? "nothing")", context) },
            tag: { [self] _, access, tags, context in
                let status = tags[1].value
                try play(status == "failed" ? "tag failed" : "tag", "tag \(status)", context)
            },
            forgetSecret: { [self] in journal.write("forget secret") },
            makeScratch: { [self] in
                try play("make scratch")
                return ScanScratch(path: "/scratch")
            },
            removeScratch: { [self] in journal.write("remove \($0.path)") },
            emit: { [self] records, _ in journal.write("emit \(records[0].metrics[0].name)") }
        )
        guard let outcome = script.claim else { return steps }
        steps.claim = { [self] claim, context in
            try play("claim", "claim for \(claim.owner)", context)
            return outcome
        }
        steps.record = { [self] _, _, context in try play("record", nil, context) }
        steps.giveBack = { [self] claim, context in
            try play("give back", nil, context)
            return true
        }
        steps.distrust = { [self] _, owner, context in
            try play("distrust", "distrust for \(owner)", context)
            return true
        }
        return steps
    }

    func run(_ change: FunctionChange = FunctionChange(function: .test()), steps: ScanSteps? = nil) async throws
        -> ScanAnswer
    {
        let scan = FunctionScan(steps: steps ?? self.steps, crossAccountRoleName: nil, clock: clock.clock)
        return try await scan.run(
            change,
            identity: ScannerIdentity(account: "123456789012", region: "eu-west-1", functionName: "scanner"),
            owner: "request-1",
            CallContext(deadline: Deadline(FakeClock.start + .seconds(900)), log: book.logger)
        )
    }

    /// The error of a run that has to fail.
    func failure() async -> StepFailure? {
        await #expect(throws: ScanFailure.self) { try await run() }?.underlying as? StepFailure
    }
}

@Suite(.timeLimit(.minutes(5))) struct FunctionScanFlowTests {
    private static let whole = [
        "describe", "claim for request-1", "make scratch", "check", "scan in /scratch", "describe", "store",
        "publish s3://b/1.json",
        "tag success", "remove /scratch", "record", "emit ScanSuccess",
    ]

    @Test func `A scan goes its way, and the row that says so comes last`() async throws {
        let stage = Stage()
        let answer = try await stage.run()
        #expect(stage.journal.entries == Self.whole)
        #expect(answer == FinishedScan.test(results: "s3://b/1.json").answer)
    }

    @Test func `A partial scan goes the same way`() async throws {
        let stage = Stage(Script(report: .unknown))
        #expect(try await stage.run().status == .partial)
        #expect(stage.journal.entries.contains("tag partial"))
        #expect(stage.journal.entries.contains("emit ScanPartial"))
        #expect(stage.book.entries.contains { $0.metadata["note"] == "Not \"ready\"." })
    }

    // MARK: Failures

    /// A step that fails, and how much of the way was gone with it.
    private static let failures = [
        ("describe", 1), ("make scratch", 3), ("check", 5), ("scan", 5), ("store", 7), ("publish", 8), ("tag", 9),
    ]

    @Test(arguments: failures)
    func `Whatever step fails, the function is tagged, the claim given back and the error thrown`(
        _ step: String,
        _ count: Int
    ) async {
        let stage = Stage(Script(failing: [step]))
        #expect(await stage.failure() == StepFailure(step: step))

        var expected = Self.whole.prefix(count) + ["tag failed", "forget secret", "emit ScanFailure"]
        expected.append(count > 1 ? "give back" : "distrust for request-1")
        if count > 3 { expected.append("remove /scratch") }
        // Telling goes side by side, and a failed check may come before QScanner has begun.
        let entries = Set(stage.journal.entries).union(step == "check" ? ["scan in /scratch"] : [])
        #expect(entries == Set(expected))
        #expect(stage.journal.entries.last == "emit ScanFailure")
    }

    @Test(arguments: [["tag failed"], ["give back"], ["tag failed", "give back"]] as [Set<String>])
    func `Telling a failure may fail too, and never hides it`(_ failing: Set<String>) async {
        let stage = Stage(Script(failing: failing.union(["store"])))
        #expect(await stage.failure() == StepFailure(step: "store"))
        #expect(stage.journal.entries.contains("tag failed"))
        #expect(stage.journal.entries.contains("give back"))
        #expect(stage.book.entries.filter { $0.level == .warning }.count == failing.count)
    }

    @Test func `When the package is not the one, QScanner is stopped`() async {
        let stage = Stage()
        var steps = stage.steps
        steps.checkPackage = { _, _ in throw PackageError.otherCode }
        steps.runScanner = { _, _, _, _ in
            while !Task.isCancelled { await Task.yield() }
            stage.journal.write("stopped")
            throw CancellationError()
        }
        let error = await #expect(throws: ScanFailure.self) { try await stage.run(steps: steps) }
        #expect(error?.label == "Package.HashMismatch")
        #expect(stage.journal.entries.contains("stopped"))
        #expect(!stage.journal.entries.contains("store"))
        #expect(stage.journal.entries.contains("tag failed"))
    }

    @Test func `When QScanner fails, the package's transfer is stopped`() async {
        let stage = Stage()
        var steps = stage.steps
        steps.checkPackage = { _, _ in
            while !Task.isCancelled { await Task.yield() }
            throw CancellationError()
        }
        steps.runScanner = { _, _, _, _ in throw StepFailure(step: "scan") }
        let error = await #expect(throws: ScanFailure.self) { try await stage.run(steps: steps) }
        #expect(error?.underlying as? StepFailure == StepFailure(step: "scan"))
        #expect(stage.journal.entries.contains("remove /scratch"))
    }

    @Test func `Who has lost the claim to a newer scan leaves the tags to it`() async {
        let stage = Stage(Script(failing: ["store"]))
        var steps = stage.steps
        steps.giveBack = { _, _ in false }
        await #expect(throws: ScanFailure.self) { try await stage.run(steps: steps) }
        #expect(!stage.journal.entries.contains("tag failed"))
    }

    /// A row that is left would answer the retry, and nobody would take the tag off a function that was scanned well.
    @Test(arguments: [["describe"], ["claim", "store"]] as [Set<String>], [true, false])
    func `Without a claim a function is tagged as failed only when the retry is sure to scan it`(
        _ failing: Set<String>,
        answers: Bool
    ) async {
        let stage = Stage(Script(failing: answers ? failing : failing.union(["distrust"])))
        await #expect(throws: ScanFailure.self) { try await stage.run() }
        #expect(stage.journal.entries.contains("distrust for request-1"))
        #expect(stage.journal.entries.contains("tag failed") == answers)
    }

    @Test func `Without a claim the tags are left to somebody else who scans`() async {
        let stage = Stage(Script(failing: ["describe"]))
        var steps = stage.steps
        steps.distrust = { _, _, _ in false }
        await #expect(throws: ScanFailure.self) { try await stage.run(steps: steps) }
        #expect(!stage.journal.entries.contains("tag failed"))
    }

    @Test func `A function that is deleted during its scan is skipped, and its claim given back`() async throws {
        let stage = Stage()
        var steps = stage.steps
        steps.describe = { _, _, _ in stage.journal.write("describe") == 1 ? .test() : nil }
        #expect(try await stage.run(steps: steps).status == .skipped)
        #expect(stage.journal.entries.contains("give back"))
        #expect(
            Set(stage.journal.entries).isDisjoint(with: [
                "store", "tag success", "tag failed", "record", "emit ScanFailure",
            ])
        )
    }

    @Test(arguments: [FunctionDescription.test(code: "code-2"), .test(layers: ["l:1"])])
    func `Findings in code that changed during the scan are told to nobody`(_ after: FunctionDescription) async {
        let stage = Stage()
        var steps = stage.steps
        steps.describe = { _, _, _ in stage.journal.write("describe") == 1 ? .test() : after }
        let error = await #expect(throws: ScanFailure.self) { try await stage.run(steps: steps) }
        #expect(error?.label == "Package.HashMismatch")
        #expect(
            Set(stage.journal.entries).isDisjoint(with: ["store", "publish s3://b/1.json", "tag success", "record"])
        )
        #expect(stage.journal.entries.contains("give back"))
    }

    @Test func `The error names the function`() async {
        let stage = Stage(Script(failing: ["store"]))
        let error = await #expect(throws: ScanFailure.self) { try await stage.run() }
        #expect(error?.description == "arn:aws:lambda:eu-west-1:123456789012:function:web: store failed.")
    }

    // MARK: The cache

    @Test func `What is in the cache costs nothing more`() async throws {
        let stage = Stage(Script(claim: .cached(results: "s3://b/0.json")))
        let answer = try await stage.run()
        #expect(stage.journal.entries == ["describe", "claim for request-1", "emit CacheHit"])
        #expect(answer.status == .cached)
        #expect(answer.results == "s3://b/0.json")
        #expect(answer.codeSHA256 == "code-1")
    }

    @Test func `What somebody else scans is left to them`() async throws {
        let stage = Stage(Script(claim: .inProgress(owner: "request-0", expires: FakeClock.start)))
        let answer = try await stage.run()
        #expect(stage.journal.entries == ["describe", "claim for request-1"])
        #expect(answer.status == .inProgress)
        #expect(answer.reason == "Another invocation is scanning this code.")
        #expect(stage.book.entries.last?.metadata["owner"] == "request-0")
        #expect(stage.book.entries.last?.metadata["until"] == "2026-11-21T03:00:45Z")
    }

    @Test func `A cache outage does not stop a scan, which then counts without its row`() async throws {
        let stage = Stage(Script(failing: ["claim", "record"]))
        #expect(try await stage.run().status == .scanned)
        #expect(stage.journal.entries == Self.whole)
        #expect(stage.book.entries.filter { $0.level == .error }.count == 2)
    }

    @Test func `A scan that fails without a claim has none to give back`() async {
        let stage = Stage(Script(failing: ["claim", "store"]))
        #expect(await stage.failure() == StepFailure(step: "store"))
        #expect(!stage.journal.entries.contains("give back"))
    }

    /// The tags say what was found, and that was found: only its row is missing.
    @Test func `With a claim the row is a part of the scan, and its failure leaves the tags alone`() async {
        let stage = Stage(Script(failing: ["record"]))
        #expect(await stage.failure() == StepFailure(step: "record"))
        #expect(!stage.journal.entries.contains("tag failed"))
        #expect(stage.journal.entries.contains("give back"))
    }

    @Test func `Without a table, a bucket, a topic and tags a scan is just a scan`() async throws {
        let stage = Stage(Script(claim: nil))
        var steps = stage.steps
        steps.store = nil
        steps.publish = nil
        steps.tag = nil
        let answer = try await stage.run(steps: steps)
        #expect(
            stage.journal.entries == [
                "describe", "make scratch", "check", "scan in /scratch", "describe", "remove /scratch",
                "emit ScanSuccess",
            ]
        )
        #expect(answer.results == nil)
    }

    // MARK: Nothing to do

    @Test func `A function that is gone is skipped without error`() async throws {
        let stage = Stage(Script(description: nil))
        let answer = try await stage.run()
        #expect(stage.journal.entries == ["describe"])
        #expect(answer == ScanAnswer(status: .skipped, function: .test(), reason: "The function is gone."))
    }

    @Test(arguments: [
        FunctionChange(function: nil, errorCode: "AccessDenied"), FunctionChange(function: .test("scanner")),
    ])
    func `What is skipped makes no call`(_ change: FunctionChange) async throws {
        let stage = Stage()
        #expect(try await stage.run(change).status == .skipped)
        #expect(stage.journal.entries.isEmpty)
    }

    @Test func `A function of another account fails without a call`() async {
        let stage = Stage()
        await #expect(throws: EventError.self) {
            try await stage.run(FunctionChange(function: .test(account: "999999999999")))
        }
        #expect(stage.journal.entries.isEmpty)
    }

    // MARK: Time and log

    @Test func `Every step has its share of the time`() async throws {
        let stage = Stage()
        _ = try await stage.run()
        let left = stage.deadlines.withLock { $0.mapValues { $0.moment - FakeClock.start } }
        #expect(
            left == [
                "describe": .seconds(890), "claim": .seconds(20), "check": .seconds(870), "scan": .seconds(870),
                "store": .seconds(890), "publish": .seconds(890), "tag": .seconds(890), "record": .seconds(890),
            ]
        )
        let failing = Stage(Script(failing: ["scan"]))
        _ = await failing.failure()
        failing.deadlines.withLock { deadlines in
            #expect(deadlines["tag failed"] == Deadline(FakeClock.start + .seconds(899)))
            #expect(deadlines["give back"] == Deadline(FakeClock.start + .seconds(899)))
        }
    }

    @Test func `The log names the function in every line`() async throws {
        let stage = Stage()
        _ = try await stage.run()
        #expect(!stage.book.entries.isEmpty)
        #expect(stage.book.entries.allSatisfy { $0.metadata["function"] == "\(FunctionARN.test())" })
        #expect(stage.book.entries.last?.metadata["vulnerabilities"] == .stringConvertible(3))
        #expect(!stage.book.text.contains("presigned"))
    }
}
