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
        let exit = try await FakeScanner("cat; ls /proc/$$/fd | tr '\\n' ' '").run()
        // From 10 on are the shell's own, of the scripts that it reads.
        #expect(text(exit).split(separator: " ").filter { $0.count == 1 } == ["0", "1", "2"])
    }

    @Test func `At the deadline it is asked to end`() async throws {
        let exit = try await FakeScanner("trap 'echo asked; exit 7' TERM; echo up; while :; do sleep 0.02; done")
            .run(within: .seconds(1), grace: .seconds(10))
        #expect(exit.timedOut)
        #expect(exit.status == .exited(7))
        #expect(text(exit).hasSuffix("asked\n"))
        #expect(exit.duration < .seconds(8))
    }

    @Test func `Who does not listen is killed`() async throws {
        let scanner = FakeScanner("trap '' TERM; while :; do sleep 0.02; done")
        let exit = try await scanner.run(within: .seconds(1))
        #expect(exit.timedOut)
        #expect(exit.status == .signalled(SIGKILL))
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `A deadline that has passed ends it at once`() async throws {
        #expect(try await FakeScanner("sleep 60").run(within: .seconds(-5)).timedOut)
    }

    @Test func `A grandchild that holds the output open holds nothing up, and is killed`() async throws {
        let scanner = FakeScanner("sleep 60 & echo done; exit 3")
        let exit = try await scanner.run()
        #expect(exit.status == .exited(3))
        #expect(exit.duration < .seconds(10))
        #expect(text(exit) == "done\n")
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `A grandchild that left the group and writes for ever is killed`() async throws {
        let scanner = FakeScanner("setsid sh -c 'while :; do echo more; done' & sleep 0.1; exit 0")
        let exit = try await scanner.run()
        #expect(exit.status == .exited(0))
        #expect(exit.duration < .seconds(10))
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `At the deadline a grandchild that left the group and ignores signals is killed`() async throws {
        let scanner = FakeScanner("trap '' TERM HUP; setsid sleep 60 & setsid sh -c 'sleep 60; :' & sleep 60")
        #expect(try await scanner.run(within: .milliseconds(300)).timedOut)
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
        #expect(error?.mayPass == false)
        #expect(error?.description.contains(path) == true)
    }

    @Test func `A cancelled task leaves nothing behind`() async throws {
        let scanner = FakeScanner("setsid sleep 60 & sleep 60 & touch $here/up; sleep 60")
        let task = Task { () -> QScannerError? in
            do throws(QScannerError) {
                _ = try await scanner.run(grace: .seconds(10))
                return nil
            } catch {
                return error
            }
        }
        #expect(await eventually { scanner.folder.read("up") != nil })
        task.cancel()
        #expect(await task.value?.reason == .cancelled)
        #expect(processes(with: scanner.scratch.home).isEmpty)
    }

    @Test func `A task that is cancelled before it begins ends as well`() async {
        let scanner = FakeScanner("sleep 60")
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
