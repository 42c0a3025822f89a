import Glibc
import Support
import Synchronization
import Testing

@testable import QScanner

@Suite struct QScannerTests {
    static let scanResult = """
        {"SchemaVersion":5,"Metadata":{"TargetMetadata":{"ImageMetadata":{"RepoTags":["lambdascan:1763622437"]}}},
         "SecretResults":[{"Target":"/var/task/a.cfg","Secrets":[{"Match":"AKIA"}]}]}
        """
    static let sarif = """
        {"runs":[{"tool":{"driver":{"rules":[{"id":"1","properties":{"severity":5}},{"id":"s","name":"Secret"}]}},
         "results":[{"ruleId":"1"},{"ruleId":"s","message":{"text":"Match: hunter22"}}]}]}
        """

    /// A scanner that leaves these files, by the ends of their names, and ends with a code.
    func scanner(_ files: [(name: String, text: String)], exitCode: Int = 0) -> FakeScanner {
        let scanner = FakeScanner("for file in $here/*.json; do cp $file $output/; done; exit \(exitCode)")
        for file in files {
            scanner.folder.write(file.text.utf8, to: "f00d-\(file.name)")
        }
        return scanner
    }

    func whole(exitCode: Int = 0) -> FakeScanner {
        scanner(
            [("ScanResult.json", Self.scanResult), ("Report.sarif.json", Self.sarif), ("ScanResult.spdx.json", "{}")],
            exitCode: exitCode
        )
    }

    @Test func `A scan brings its tag, its counts and its files`() async throws {
        let scanner = whole()
        let report = try await scanner.scan()
        #expect(report.outcome == .success)
        #expect(report.exitCode == 0)
        #expect(report.tag == "1763622437")
        #expect(report.severities == SeverityCounts(critical: 1))
        #expect(report.secretsFound == 1)
        #expect(report.notes == [])
        #expect(report.files.map(\.kind) == [.scanResult, .sarif, .spdx])
        #expect(report.files.map(\.bytes) == [Self.scanResult.utf8.count, Self.sarif.utf8.count, 2])
        #expect(report.files.allSatisfy { $0.path.hasPrefix(scanner.scratch.output) })
    }

    @Test(arguments: [(40, "report is not ready"), (41, "policy result is not ready")])
    func `A report that is not ready makes a partial result`(code: Int, note: String) async throws {
        let report = try await scanner([("ScanResult.json", Self.scanResult)], exitCode: code).scan()
        #expect(report.outcome == .partial)
        #expect(report.exitCode == Int32(code))
        #expect(report.severities == nil)
        #expect(report.tag == "1763622437")
        #expect(report.notes.contains { $0.contains(note) })
    }

    @Test func `Of a partial result what is broken is said and not stored`() async throws {
        let report = try await scanner([("Report.sarif.json", "{\"runs\":[")], exitCode: 40).scan()
        #expect(report.files == [])
        #expect(report.severities == nil)
        #expect(report.notes.contains { $0.contains("Report.sarif.json") })
        #expect(report.notes.contains { $0.contains("ScanResult.json") })
    }

    @Test(arguments: [(42, "DENY"), (43, "no policy")])
    func `What the policy says is a note of a success`(code: Int, note: String) async throws {
        let report = try await whole(exitCode: code).scan()
        #expect(report.outcome == .success)
        #expect(report.notes.contains { $0.contains(note) })
    }

    @Test(
        arguments: [
            ("pkg", .partial), ("secret,os", .partial), ("sca", .partial), ("secret", .success),
            ("secret,malware", .success),
        ] as [(String, ScanReport.Outcome)]
    )
    func `Without a SARIF report the vulnerabilities are not known, and a scan for them is not whole`(
        scanTypes: String,
        outcome: ScanReport.Outcome
    ) async throws {
        let report = try await scanner([("ScanResult.json", "{}")]).scan(scanTypes)
        #expect(report.outcome == outcome)
        #expect(report.severities == nil)
        #expect(report.tag == nil)
        #expect(report.secretsFound == nil)
        #expect(report.notes.contains { $0.contains("not known") })
    }

    @Test(arguments: [
        ("ScanResult.json", "", "QScanner.BrokenResult"), ("ScanResult.json", "[]", "QScanner.BrokenResult"),
        ("Report.sarif.json", "{\"runs\":", "QScanner.BrokenResult"), ("b-ScanResult.json", "{}", "QScanner.NoResult"),
    ])
    func `A success with a broken or second result is a failure`(name: String, text: String, label: String) async {
        var files = [("ScanResult.json", "{}"), ("Report.sarif.json", Self.sarif)].filter { $0.0 != name }
        files.append((name, text))
        let error = await #expect(throws: QScannerError.self) { try await scanner(files).scan() }
        #expect(error?.label == label)
    }

    @Test func `A success without a result is a failure`() async {
        let error = await #expect(throws: QScannerError.self) { try await FakeScanner("exit 0").scan() }
        #expect(error?.reason == .noResult)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 10, 11, 14, 21, 30, 39, 99, 124, 137] as [Int32])
    func `A failure names the code, its meaning, the function and the region`(code: Int32) async {
        let error = await #expect(throws: QScannerError.self) { try await FakeScanner("exit \(code)").scan() }
        let meaning = ExitMeaning(exitCode: code)
        #expect(error?.reason == .failed(exitCode: code))
        #expect(error?.label == meaning.label)
        for part in ["exit code \(code)", meaning.sentence, "function:shop", "in eu-west-1"] {
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test func `A scan that is not done in time is stopped`() async {
        let error = await #expect(throws: QScannerError.self) {
            try await FakeScanner("sleep 600").scan(within: .milliseconds(300))
        }
        #expect(error?.reason == .timedOut)
    }

    @Test func `A kill from outside is a failure of its own`() async {
        let error = await #expect(throws: QScannerError.self) { try await FakeScanner("kill -KILL $$").scan() }
        #expect(error?.reason == .killed(signal: SIGKILL))
        #expect(error?.label == "QScanner.Killed")
    }

    @Test func `No secret that QScanner prints is in the error or its excerpt`() async {
        let error = await #expect(throws: QScannerError.self) {
            try await FakeScanner(
                """
                echo "token is $QUALYS_ACCESS_TOKEN"; echo "keys $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY" >&2
                echo "GET https://s3/x?X-Amz-Security-Token=$AWS_SESSION_TOKEN&X-Amz-Signature=0011"
                echo "registry password: hunter 22"
                printf '\\033[31mred\\033[0m\\n{"level":"fatal"}\\n'
                exit 10
                """
            ).scan()
        }
        let shown = "\(error.map { "\($0) \($0.excerpt)" } ?? "")"
        for secret in FakeScanner("").command.secrets.map(\.exposed) + ["0011", "hunter", "\u{1B}", "\n"] {
            #expect(!shown.contains(secret))
        }
        #expect(error?.excerpt.hasPrefix("token is [redacted] | keys [redacted] [redacted] | GET ") == true)
        #expect(error?.excerpt.hasSuffix(#"red | {"level":"fatal"}"#) == true)
    }

    @Test func `An excerpt has at most 2 KiB, of the last lines`() async {
        let error = await #expect(throws: QScannerError.self) {
            try await FakeScanner("yes line | head -c 300000; echo last; exit 1").scan()
        }
        #expect(error?.excerpt.hasSuffix("line | last") == true)
        #expect((2000...2048).contains(error?.excerpt.utf8.count ?? 0))
    }

    @Test func `A scratch folder that was used before is refused`() async throws {
        let scanner = whole()
        _ = try await scanner.scan()
        let error = await #expect(throws: QScannerError.self) { try await scanner.scan() }
        #expect(error?.reason == .scratch)
    }

    @Test func `The ceiling of a run and the deadline both hold`() async throws {
        let deadlines = Mutex<[Timestamp]>([])
        let process = ScannerProcess { (_, deadline) throws(QScannerError) in
            deadlines.withLock { $0.append(deadline.moment) }
            throw QScannerError(.notRunnable, "a fake")
        }
        let clock = WallClock(now: { Timestamp(seconds: 1000) }, sleep: { _ in })
        let settings = QScanner.Settings(path: "/q", scanTypes: "pkg", timeout: .seconds(300), environment: [:])
        let scanner = QScanner(settings: settings, process: process, clock: clock)
        for seconds in [Int64(1200), 5000] {
            let fake = FakeScanner("")
            await #expect(throws: QScannerError.self) {
                try await scanner.scan(fake.target, scratch: fake.scratch, until: Deadline(Timestamp(seconds: seconds)))
            }
        }
        #expect(deadlines.withLock { $0 } == [Timestamp(seconds: 1200), Timestamp(seconds: 1300)])
    }

    @Test func `A result above the ceiling is stored and not read`() async throws {
        let scanner = FakeScanner(
            "truncate -s 40M $output/x-ScanResult.json; truncate -s 300M $output/x-Report.sarif.json"
        )
        let report = try await scanner.scan()
        #expect(report.files.map(\.bytes) == [40 << 20, 300 << 20])
        #expect(report.severities == nil)
        #expect(report.secretsFound == nil)
        #expect(report.notes.count { $0.contains("too many") } == 2)
    }
}
