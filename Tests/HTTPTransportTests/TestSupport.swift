import Glibc
import HTTPTransport
import Synchronization
import Testing

/// Opens once; tasks and threads wait for it.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))
    private let ends: (read: Int32, write: Int32)

    init() {
        var pipe: [Int32] = [0, 0]
        precondition(Glibc.pipe(&pipe) == 0)
        ends = (pipe[0], pipe[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    func open() {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard !state.isOpen else { return [] }
            state.isOpen = true
            write(ends.write, "x", 1)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Blocks the thread: for scripts.
    func block() {
        // The byte is never taken out: all who wait see it.
        var watched = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        while poll(&watched, 1, -1) < 0 {}
    }
}

/// A folder of the test's own, removed with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/http-transport-tests.XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? ""
        precondition(!path.isEmpty)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// What lies in it.
    var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Writes a file; returns its path.
    func write(_ name: String, _ bytes: [UInt8]) -> String {
        let file = fopen("\(path)/\(name)", "we")
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        return "\(path)/\(name)"
    }

    func read(_ name: String) -> [UInt8] {
        guard let file = fopen("\(path)/\(name)", "re") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

extension CurlTransport {
    /// Sends and collects up to a megabyte.
    func fetch(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await send(request, into: .collect(limit: 1 << 20))
    }

    func outcome(
        _ request: HTTPRequest,
        into sink: HTTPBodySink = .collect(limit: 1 << 20)
    ) async -> Result<HTTPResponse, HTTPError> {
        do throws(HTTPError) {
            return .success(try await send(request, into: sink))
        } catch {
            return .failure(error)
        }
    }

    /// The error of a request that has to fail.
    func failure(
        _ request: HTTPRequest,
        into sink: HTTPBodySink = .collect(limit: 1 << 20),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> HTTPError? {
        switch await outcome(request, into: sink) {
        case .failure(let error): return error
        case .success(let response):
            Issue.record("The request has an answer: \(response.status)", sourceLocation: sourceLocation)
            return nil
        }
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A value that several threads change.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }

    @discardableResult
    func change<Result: Sendable>(_ work: @Sendable (inout Value) -> Result) -> Result {
        mutex.withLock { value in work(&value) }
    }
}
