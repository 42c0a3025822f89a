import Foundation

/// Runs a script of the tests by the Python that `make test` installs: the other side of a differential test.
package enum Python {
    /// Its standard output, when it ends with status 0.
    ///
    /// - Parameters:
    ///   - script: The name of a file beside `source`.
    ///   - source: The file of the test.
    package static func output(
        of script: String,
        _ arguments: [String] = [],
        beside source: String = #filePath
    ) async throws -> [UInt8] {
        let path = folder(of: source) + "/" + script
        return try await withCheckedThrowingContinuation { continuation in
            // Reading blocks, and Swift's pool has one thread a core.
            Thread.detachNewThread {
                continuation.resume(with: Result { try run([path] + arguments) })
            }
        }
    }

    private static func run(_ arguments: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw NoPython(description: "There is no Python at \(program). Run `make test`, or set PROJECT_PYTHON.")
        }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw NoPython(description: "\(arguments[0]) ended with status \(process.terminationStatus).")
        }
        return Array(bytes)
    }

    private static var program: String {
        let named = ProcessInfo.processInfo.environment["PROJECT_PYTHON"] ?? ""
        let root = folder(of: folder(of: folder(of: #filePath)))
        return named.isEmpty ? root + "/.venv/bin/python" : named
    }

    private static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }
}

private struct NoPython: Error, CustomStringConvertible {
    let description: String
}
