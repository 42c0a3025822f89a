import Glibc
import Support
import Testing

@testable import QScanner

@Suite struct ScannerProcessTests {
    @Test(arguments: [0, 1, 2, 10, 40, 42, 99, 255] as [Int32])
    func `The exit code comes through`(code: Int32) async throws {
        let exit = try await FakeScanner("echo out; echo err >&2; exit \(code)").run()
        #expect(exit.status == .exited(code))
        #expect(!exit.timedOut)
        #expect(Set(text(exit).split(separator: "\n")) == ["out", "err"])
    }

    @Test func `A signal comes through`() async throws {
        #expect(try await FakeScanner("kill -KILL $$").run().status == .signalled(SIGKILL))
    }

    @Test func `Command line and environment arrive as they are, with no more than that`() async throws {
        let scanner = FakeScanner(#"for word in "$@"; do echo "$word"; done; tr '\0' '\n' < /proc/$$/environ | sort"#)
        let lines = text(try await scanner.run()).split(separator: "\n").map(String.init)
        let environment = scanner.command.environment.map { "\($0.key)=\($0.value.exposed)" }
        #expect(lines == scanner.command.arguments + environment.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test func `Standard input is empty and no other descriptor is open`() async throws {
        let exit = try await FakeScanner("cat; exec ls /proc/self/fd").run()
        // 3 is the folder that is listed.
        #expect(text(exit).split(separator: "\n") == ["0", "1", "2", "3"])
    }

    @Test func `At the deadline it is ended with all its children`() async throws {
        let scanner = FakeScanner("setsid sleep 600 & sleep 600 & sleep 600")
        let exit = try await scanner.run(within: .milliseconds(300))
        #expect(exit.timedOut)
        #expect(exit.status == .signalled(SIGTERM))
        #expect(exit.duration >= .milliseconds(300))
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `A deadline that has passed ends it at once`() async throws {
        #expect(try await FakeScanner("sleep 600").run(within: .seconds(-5)).timedOut)
    }

    @Test func `A grandchild that holds the output open holds nothing up, and is killed`() async throws {
        let scanner = FakeScanner("sleep 600 & echo done; exit 3")
        let exit = try await scanner.run()
        #expect(exit.status == .exited(3))
        #expect(exit.duration < .seconds(300))
        #expect(text(exit) == "done\n")
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `A grandchild with an environment of its own is killed with its group`() async throws {
        let scanner = FakeScanner(#"/usr/bin/env -i /bin/sh -c "sleep 600; : $here" & exit 0"#)
        #expect(try await scanner.run().status == .exited(0))
        // A killed process that is not ours to reap takes a moment to go.
        #expect(await eventually { processes(with: scanner.folder.path).isEmpty })
    }

    @Test func `A grandchild that left the group and writes for ever is killed`() async throws {
        let scanner = FakeScanner("setsid sh -c 'while :; do echo more; done' & sleep 0.1; exit 0")
        let exit = try await scanner.run()
        #expect(exit.status == .exited(0))
        #expect(exit.duration < .seconds(300))
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `200 MB of output are read to the end, and only head and tail are kept`() async throws {
        let exit = try await FakeScanner("echo first; yes | head -c 200000000; echo last").run()
        #expect(exit.status == .exited(0))
        #expect(exit.output.total == 200_000_011)
        #expect(exit.output.dropped == 200_000_011 - 2 * 65_536)
        #expect(exit.output.beginning.starts(with: "first\ny\n".utf8))
        #expect(text(exit).hasSuffix("y\nlast\n"))
        #expect(text(exit).utf8.count <= 65_536)
    }

    @Test func `Who closes the output and goes on is waited for`() async throws {
        let exit = try await FakeScanner("exec >&- 2>&-; sleep 0.2; exit 4").run()
        #expect(exit.status == .exited(4))
        #expect(exit.duration >= .milliseconds(150))
    }

    @Test(arguments: ["/nowhere/qscanner", "/tmp", "/etc/passwd", "/etc/passwd/qscanner"])
    func `What cannot be executed is said by its path`(path: String) async {
        let fake = FakeScanner("")
        let command = QScannerCommand(
            path: path,
            scanTypes: "pkg",
            target: fake.target,
            scratch: fake.scratch,
            parent: [:]
        )
        let error = await #expect(throws: QScannerError.self) {
            try await ScannerProcess.live().run(command, Deadline(WallClock.system.now() + .seconds(20)))
        }
        #expect(error?.reason == .notRunnable)
        #expect(error?.label == "QScanner.NotRunnable")
        #expect(error?.description.contains(path) == true)
    }

    @Test func `A cancelled scanner is asked to end, and has time for it`() async {
        let scanner = FakeScanner("trap 'sleep 0.1; touch $here/asked; exit' TERM; touch $here/up; sleep 600 & wait")
        #expect(await reasonOfCancelling(scanner, grace: .seconds(300)) == .cancelled)
        #expect(scanner.folder.read("asked") != nil)
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `Who does not listen is killed, with children that do not listen either`() async {
        let scanner = FakeScanner(
            """
            trap '' TERM HUP
            setsid sleep 600 &
            setsid sh -c 'touch $here/up; while :; do sleep 0.02; done' &
            sleep 600
            """.replacing("$here", with: "$HOME/..")
        )
        #expect(await reasonOfCancelling(scanner, grace: .milliseconds(50)) == .cancelled)
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    /// Cancels the task once the script has made the file `up`.
    private func reasonOfCancelling(_ scanner: FakeScanner, grace: Duration) async -> QScannerError.Reason? {
        mkdir(scanner.scratch.home, 0o700)
        let task = Task { () -> QScannerError.Reason? in
            do throws(QScannerError) {
                _ = try await scanner.run(grace: grace)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(await eventually { scanner.folder.read("up") != nil })
        task.cancel()
        return await task.value
    }

    @Test func `A task that is cancelled before it begins ends as well`() async {
        let scanner = FakeScanner("sleep 600")
        let task = Task { () -> QScannerError.Reason? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(QScannerError) {
                _ = try await scanner.run()
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(await task.value == .cancelled)
    }

    private func text(_ exit: ScannerExit) -> String { String(decoding: exit.output.lastLines, as: UTF8.self) }
}
