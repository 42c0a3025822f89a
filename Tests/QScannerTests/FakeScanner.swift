import Glibc
import Support
import Synchronization

@testable import QScanner

/// A folder of a test's own, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var name = Array("/tmp/qscanner-test-XXXXXX".utf8CString)
        mkdtemp(&name)
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        _ = shell("rm -rf \(path)")
    }

    func write(_ text: some Sequence<UInt8>, to name: String) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(file) }
        let bytes = Array(text)
        var written = 0
        bytes.withUnsafeBytes { bytes in
            while written < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                guard count > 0 else { return }
                written += count
            }
        }
    }

    /// The bytes of a file, or nil when it is not there.
    func read(_ name: String) -> String? {
        guard let file = fopen("\(path)/\(name)", "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A shell script that plays QScanner.
struct FakeScanner {
    let folder = TemporaryFolder()
    let scratch: ScanScratch

    var path: String { folder.path + "/qscanner" }

    /// - Parameter script: Begins with `$here` as the folder of the script, and with `$output`.
    init(_ script: String) {
        scratch = ScanScratch(path: folder.path)
        folder.write("here='\(folder.path)'\noutput='\(scratch.output)'\n\(script)\n".utf8, to: "qscanner.sh")
        symlink(FakeScanner.launcher, path)
    }

    var target: ScanTarget {
        ScanTarget(
            functionARN: "arn:aws:lambda:eu-west-1:123456789012:function:shop",
            region: "eu-west-1",
            keys: AWSKeys(
                accessKeyID: Redacted("ASIATESTTESTTESTTEST"),
                secretAccessKey: Redacted("secret/access+key"),
                sessionToken: Redacted("session-token-value")
            ),
            platform: .pod("US2"),
            token: Redacted("qualys-token-value")
        )
    }

    var command: QScannerCommand {
        QScannerCommand(path: path, scanTypes: "pkg,secret", target: target, scratch: scratch, parent: [:])
    }

    func run(
        within limit: Duration = .seconds(300),
        grace: Duration = .milliseconds(200)
    ) async throws(QScannerError) -> ScannerExit {
        let deadline = Deadline(WallClock.system.now() + limit)
        return try await ScannerProcess.live(grace: grace).run(command, deadline)
    }

    func scan(
        _ scanTypes: String = "pkg,secret",
        within limit: Duration = .seconds(300)
    ) async throws(QScannerError) -> ScanReport {
        let settings = QScanner.Settings(path: path, scanTypes: scanTypes, timeout: limit, environment: [:])
        let scanner = QScanner(settings: settings, process: .live(grace: .milliseconds(200)))
        return try await scanner.scan(
            target,
            scratch: scratch,
            until: Deadline(WallClock.system.now() + .seconds(600))
        )
    }

    /// Runs the script beside the link by which it was called. A file that this process writes and then executes
    /// could be open for writing in a child that another test has just forked, and would be refused (ETXTBSY);
    /// this one is written by a shell.
    private static let launcher: String = {
        atexit { unlink("/tmp/qscanner-launcher-\(getpid())") }
        let path = "/tmp/qscanner-launcher-\(getpid())"
        _ = shell("printf '#!/bin/sh\\n. \"$0.sh\"\\n' > \(path); chmod 700 \(path)")
        return path
    }()
}

@discardableResult
func shell(_ command: String) -> CInt { system(command) }

/// Processes that have `text` in their environment or command line, without zombies and this one.
func processes(with text: String) -> [pid_t] {
    guard let folder = opendir("/proc") else { return [] }
    defer { closedir(folder) }
    var found: [pid_t] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard let process = pid_t(name), process != getpid() else { continue }
        for file in ["environ", "cmdline"] {
            guard let stream = fopen("/proc/\(process)/\(file)", "re") else { continue }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = fread(&bytes, 1, bytes.count, stream)
            fclose(stream)
            if String(decoding: bytes[..<count], as: UTF8.self).contains(text) {
                found.append(process)
                break
            }
        }
    }
    return found
}

/// Waits until `condition` holds, and says whether it did within a minute.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<6000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}
