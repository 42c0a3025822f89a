import Glibc
import Support
import Testing

@testable import QScanner

/// What a scan costs and leaves in this process. Each test is a process of its own: in one that is shared with other
/// tests neither descriptors nor memory could be counted.
@Suite struct FootprintTests {
    @Test func `Scans leave no descriptor, no child and no thread behind`() async {
        await #expect(processExitsWith: .success) {
            // The first run starts what swift-subprocess keeps for good.
            _ = try await FakeScanner("exit 0").run()
            let before = Footprint.entries("/proc/self/fd")
            for _ in 0..<10 {
                _ = try await FakeScanner("setsid sleep 60 & sleep 60 & exit 3").run()
                _ = try await FakeScanner("sleep 60").run(within: .milliseconds(20), grace: .milliseconds(20))
                _ = try? await ScannerProcess.live().run(Footprint.missing, Deadline(Timestamp(seconds: 0)))
            }
            #expect(Footprint.entries("/proc/self/fd") == before)
            #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
            #expect(await eventually { Footprint.entries("/proc/self/task") < 20 })
        }
    }

    @Test func `200 MB of output and 8,000 vulnerabilities stay under 128 MB`() async {
        await #expect(processExitsWith: .success) {
            let report = try await FakeScanner(
                """
                yes | head -c 200000000
                echo '{}' > $output/x-ScanResult.json
                truncate -s 300M $output/x-Report.json
                awk 'BEGIN {
                    for (i = 0; i < 250; i++) help = help "Upgrade it. "
                    printf "{\\"runs\\":[{\\"tool\\":{\\"driver\\":{\\"rules\\":["
                    for (i = 0; i < 8000; i++) printf "%s{\\"id\\":\\"%d\\",\\"help\\":{\\"text\\":\\"%s\\"},\\"properties\\":{\\"severity\\":4}}", i ? "," : "", i, help
                    printf "]}},\\"results\\":["
                    for (i = 0; i < 8000; i++) printf "%s{\\"ruleId\\":\\"%d\\",\\"message\\":{\\"text\\":\\"found\\"}}", i ? "," : "", i
                    printf "]}]}"
                }' > $output/x-Report.sarif.json
                """
            ).scan()
            #expect(report.severities == SeverityCounts(high: 8000))
            #expect(report.files.count == 3)
            let peak = Footprint.peakMemory
            #expect((1..<(128 << 20)).contains(peak))
        }
    }
}

enum Footprint {
    static func entries(_ folder: String) -> Int {
        guard let listing = opendir(folder) else { return -1 }
        defer { closedir(listing) }
        var count = 0
        while readdir(listing) != nil { count += 1 }
        return count
    }

    static var missing: QScannerCommand {
        let fake = FakeScanner("")
        return QScannerCommand(
            path: "/nowhere",
            scanTypes: "pkg",
            target: fake.target,
            scratch: fake.scratch,
            parent: [:]
        )
    }

    /// The most memory that this process has had resident, in bytes.
    static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
