import QualysAPI
import Support
import TestSupport
import Testing

@testable import Jobs

@Suite("What a job says")
struct JobTextsTests {
    private let answer = JobAnswer(
        job: .wasExport,
        run: "20261121T030045Z",
        status: .done,
        counts: [JobCount("exported", 2), JobCount("failed", 0)],
        manifest: "s3://bucket/manifests/was-export-20261121T030045Z.json"
    )

    @Test("Its answer has what the contract names")
    func answers() throws {
        #expect(
            try JSON(answer.json) == [
                "job": "was-export", "run": "20261121T030045Z", "status": "done",
                "counts": ["exported": 2, "failed": 0],
                "manifest": "s3://bucket/manifests/was-export-20261121T030045Z.json",
            ]
        )
    }

    @Test("Its manifest lists objects and failures, and is partial when there is one")
    func manifests() throws {
        func manifest(_ failed: [JobError.Missing]) -> Manifest {
            Manifest(
                job: .wasExport,
                run: "20261121T030045Z",
                parametersName: "window",
                parameters: [(name: "since", value: "a"), (name: "until", value: "b")],
                counts: [JobCount("exported", 1)],
                objects: [StoredObject(key: "1.json", bytes: 1 << 40, sha256: "ab")],
                failed: failed,
                started: FakeClock.start,
                finished: FakeClock.start + .seconds(1)
            )
        }
        let partial = try JSON(manifest([JobError.Missing(id: "7", reason: "gone")]).json)
        #expect(partial["status"] == "partial")
        #expect(partial["failed"] == [["id": "7", "reason": "gone"]])
        #expect(partial["objects"] == [["key": "1.json", "bytes": .number(1_099_511_627_776), "sha256": "ab"]])
        #expect(partial["bytes"] == .number(1_099_511_627_776))
        #expect(partial["window"] == ["since": "a", "until": "b"])
        #expect(partial["started"] == "2026-11-21T03:00:45Z" && partial["finished"] == "2026-11-21T03:00:46Z")
        #expect(try JSON(manifest([]).json)["status"] == "done")
    }

    @Test("A failure in part names what is missing, the first of them, under a label of its own")
    func partial() {
        let missing = (1...12).map { JobError.Missing(id: "\($0)", reason: "why") }
        let error = JobError(partial: .wasExport, missing: missing, answer: answer)
        #expect(error.label == "Job.Partial")
        #expect(error.description.contains("12 missing: 1 (why); 2 (why)"))
        #expect(!error.description.contains("11 (why)"))
        #expect(JobError(failed: .carImport, reason: "No.").label == "Job.Failed")
    }

    @Test(
        "A line for a terminal tells how much is done, how fast, and how long it will take",
        arguments: [
            (
                JobProgress.Report(unit: "scans", done: 50, total: 200, bytes: 12_340_000),
                "was-export  [######..................] 50/200 scans  5.0/s  1.2 MB/s  30 s left"
            ),
            (
                JobProgress.Report(unit: "scans", done: 1, total: 1001, counts: [JobCount("findings", 7)]),
                "was-export  [........................] 1/1001 scans  7 findings  0.1/s  166 min left"
            ),
            (
                JobProgress.Report(unit: "scans", done: 10, total: 10),
                "was-export  [########################] 10/10 scans  1.0/s  0 s left"
            ),
            (JobProgress.Report(unit: "scans", done: 3), "was-export  3 scans  0.3/s"),
            (JobProgress.Report(unit: "scans", done: 0, total: 0), "was-export  0 scans  0.0/s"),
        ]
    )
    func line(report: JobProgress.Report, expected: String) {
        #expect(report.line("was-export", elapsed: .seconds(10), columns: 100) == expected)
    }

    @Test(
        "A line that a terminal has no room for gets a shorter bar, then fewer figures; the last column stays free",
        arguments: [
            (97, "the pull  [############............] 25/50 hosts  1234567 detections  2.5/s  1.2 MB/s  10 s left"),
            (96, "the pull  [###########............] 25/50 hosts  1234567 detections  2.5/s  1.2 MB/s  10 s left"),
            (81, "the pull  [####....] 25/50 hosts  1234567 detections  2.5/s  1.2 MB/s  10 s left"),
            (80, "the pull  [########.........] 25/50 hosts  1234567 detections  2.5/s  10 s left"),
            (73, "the pull  [#####.....] 25/50 hosts  1234567 detections  2.5/s  10 s left"),
            (53, "the pull  [#####.....] 25/50 hosts  2.5/s  10 s left"),
            (44, "the pull  [####....] 25/50 hosts  10 s left"),
            (43, "the pull  [#########.........] 25/50 hosts"),
            (33, "the pull  [####....] 25/50 hosts"),
            (32, "the pull  25/50 hosts"),
            (13, "the pull  25"), (1, ""), (0, ""),
        ]
    )
    func narrow(columns: Int, expected: String) {
        let report = JobProgress.Report(
            unit: "hosts",
            done: 25,
            total: 50,
            bytes: 12_340_000,
            counts: [JobCount("detections", 1_234_567)]
        )
        #expect(report.line("the pull", elapsed: .seconds(10), columns: columns) == expected)
        #expect(expected.count < max(1, columns))
    }

    @Test(
        "Nor is a line wrapped that has no bar",
        arguments: [(28, "car-import  3 assets  0.3/s"), (27, "car-import  3 assets"), (10, "car-impor")]
    )
    func narrowWithoutTotal(columns: Int, expected: String) {
        let report = JobProgress.Report(unit: "assets", done: 3)
        #expect(report.line("car-import", elapsed: .seconds(10), columns: columns) == expected)
    }

    @Test(
        "Of work that nobody can measure the time is shown, whatever there is no room for",
        arguments: [
            (80, "Scanning orders … 123 s"), (24, "Scanning orders … 123 s"), (23, "Scanning order … 123 s"),
            (9, " … 123 s"), (5, " … 1"), (0, ""),
        ]
    )
    func time(columns: Int, expected: String) {
        #expect(progressLine("Scanning orders", seconds: 123, columns: columns) == expected)
    }

    @Test("Speed and time left follow from what is done")
    func speed() {
        let report = JobProgress.Report(unit: "scans", done: 50, total: 200, bytes: 12_340_000)
        let speed = ProgressSpeed(report, elapsed: .seconds(10))
        #expect(speed.perSecond == 5 && speed.megabytesPerSecond == 1.2 && speed.secondsLeft == 30)
        let unknown = ProgressSpeed(JobProgress.Report(unit: "scans", done: 0, total: 9), elapsed: .zero)
        #expect(unknown.secondsLeft == nil)
        let resumed = JobProgress.Report(unit: "hosts", done: 900, before: 800, total: 1000)
        #expect(ProgressSpeed(resumed, elapsed: .seconds(10)).secondsLeft == 10)
    }
}

@Suite("Where a job writes")
struct JobOutputTests {
    @Test("A folder gets the same tree of keys, each file whole, and gives it back")
    func folders() async throws {
        let folder = try TemporaryFolder()
        let output = JobOutput.folder("\(folder.path)/out")
        let stored = try await output.put(JobObject(key: "a/b/c.json"), .bytes(Array("{}".utf8)), .test())
        #expect(stored.key == "a/b/c.json" && stored.bytes == 2)
        #expect(stored.sha256 == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
        #expect(output.address("a/b/c.json") == "\(folder.path)/out/a/b/c.json")
        #expect(try await output.get("a/b/c.json", "\(folder.path)/copy", .test()))
        #expect(try await !output.get("a/none", "\(folder.path)/copy2", .test()))
    }
}

@Suite("A pool of workers")
struct WorkerPoolTests {
    private struct Stop: Error {}

    @Test("All items are worked on, and a failure ends it", arguments: [1, 3, 100])
    func pool(workers: Int) async throws {
        let seen = Journal<Int>()
        try await forEach(0..<50, workers: workers) { seen.write($0) }
        #expect(Set(seen.entries) == Set(0..<50))
        await #expect(throws: Stop.self) {
            try await forEach(0..<50, workers: workers) { if $0 == 20 { throw Stop() } }
        }
    }

    @Test("A limit of Qualys ends the taking, and not what is at work", arguments: [(3, 3), (100, 3)])
    func limit(items: Int, workers: Int) async throws {
        let ended = Journal<Int>()
        let limit = QualysError(.limit, call: "POST /x", message: "m")
        await #expect(throws: limit) {
            try await forEach(0..<items, workers: workers) { item in
                if item == 0 { throw limit }
                for _ in 0..<1000 { await Task.yield() }
                if !Task.isCancelled { ended.write(item) }
            }
        }
        #expect(ended.entries.sorted() == [1, 2])
    }

    @Test("A failure ends those that are at work, the last of all as well", arguments: [1, 10])
    func failure(items: Int) async throws {
        await #expect(throws: Stop.self) {
            try await forEach(0...items, workers: items + 1) { item in
                if item == 0 { throw Stop() }
                await untilCancelled()
            }
        }
    }
}
