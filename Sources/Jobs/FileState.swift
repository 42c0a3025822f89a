import Files
import Glibc
import Support
import Synchronization
import Telemetry

extension JobStateStore {
    /// A file, `<path>`, with a lock beside it that the system takes away from a killed process.
    package static func file(_ path: String) -> JobStateStore {
        let file = StateFile(path: path)
        return JobStateStore(
            place: path,
            begin: { _, _ in try file.begin() },
            save: { _, state, _ in try file.save(state) },
            end: { _, state, _ in try file.end(state) }
        )
    }
}

private final class StateFile: Sendable {
    /// The most bytes of a state.
    private static let ceiling = 1 << 30

    private let path: String
    private let lock = Mutex<Int32>(-1)

    init(path: String) {
        self.path = path
    }

    deinit {
        lock.withLock { if $0 >= 0 { close($0) } }
    }

    func begin() throws -> JobStateStore.Opening {
        try makeFolders(for: path)
        let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault() }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw fault(code) }
            return .busy(until: nil)
        }
        lock.withLock { $0 = descriptor }
        guard access(path, F_OK) == 0 else { return .mine(nil) }
        return .mine(try contents(ofFile: path, limit: Self.ceiling))
    }

    func save(_ state: [UInt8]) throws {
        let file = try AtomicFile(path: path, limit: Int64(Self.ceiling))
        try file.append(state)
        _ = try file.commit()
    }

    func end(_ state: [UInt8]?) throws {
        defer {
            lock.withLock { descriptor in
                if descriptor >= 0 {
                    // A process that is being started has a copy of the descriptor, until it becomes another program.
                    flock(descriptor, LOCK_UN)
                    close(descriptor)
                }
                descriptor = -1
            }
        }
        if let state { try save(state) }
    }

    private func fault(_ code: Int32 = errno) -> JobStateError {
        .file(path: path, reason: systemErrorText(code))
    }
}
