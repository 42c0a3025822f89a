import Glibc
import Synchronization

/// An HTTP server over bare sockets that does exactly what a test wants, faults included. Each connection has a thread,
/// which runs the script with it; when the script returns, the connection is closed.
final class ScriptedServer: Sendable {
    let port: Int
    private let listener: Int32
    private let record = ServerRecord()

    /// - Parameter backlog: how many connections the system takes for a server that never accepts one; nil accepts.
    init(neverAccepting backlog: Int32? = nil, _ script: @escaping @Sendable (ServerConnection) -> Void = { _ in }) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, length) == 0 && listen(listener, backlog ?? 128) == 0)
                getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        if backlog == nil {
            let record = record
            runOnThread { record.accept(from: listener, script) }
        } else {
            record.hold(listener)
        }
    }

    deinit {
        record.endAll()
        // This wakes the thread that accepts, which closes it.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// How many connections have come.
    var connections: Int { record.connections }

    /// All requests so far, in the order in which they came.
    var requests: [ReceivedRequest] { record.requests }
}

/// What a server's threads have in common. It outlives the server until the last of them ends, so that none of them
/// touches a descriptor whose number is another's by then.
private final class ServerRecord: Sendable {
    private let state = Mutex(State())

    private struct State {
        var connections = 0
        var requests: [ReceivedRequest] = []
        var open: Set<Int32> = []
        var isOver = false
    }

    deinit {
        for descriptor in state.withLock({ $0.open }) { Glibc.close(descriptor) }
    }

    var connections: Int { state.withLock { $0.connections } }
    var requests: [ReceivedRequest] { state.withLock { $0.requests } }

    func add(_ request: ReceivedRequest) { state.withLock { $0.requests.append(request) } }

    /// Keeps a descriptor open until the end.
    func hold(_ descriptor: Int32) { state.withLock { _ = $0.open.insert(descriptor) } }

    /// Ends every connection: threads that wait for bytes see it.
    func endAll() {
        state.withLock { state in
            state.isOver = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    func accept(from listener: Int32, _ script: @escaping @Sendable (ServerConnection) -> Void) {
        defer { Glibc.close(listener) }
        while case let descriptor = Glibc.accept(listener, nil, nil), descriptor >= 0 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let number = state.withLock { state in
                state.connections += 1
                state.open.insert(descriptor)
                if state.isOver { shutdown(descriptor, Int32(SHUT_RDWR)) }
                return state.connections
            }
            runOnThread { [self] in
                script(ServerConnection(descriptor, number, add))
                state.withLock { state in
                    state.open.remove(descriptor)
                    _ = Glibc.close(descriptor)
                }
            }
        }
    }
}

/// Runs work that blocks, away from Swift's own threads.
func runOnThread(_ work: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(work))
    let code = pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
            return nil
        },
        box.toOpaque()
    )
    precondition(code == 0)
    pthread_detach(thread)
}

/// Waits for work that blocks, away from Swift's own threads: there are as many as processors.
func waitOnThread<Value: Sendable>(for work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        runOnThread { continuation.resume(returning: work()) }
    }
}

/// A connection to a server on this machine.
func connectToLocalPort(_ port: Int, waits: Bool = true) -> Int32 {
    let flags = SOCK_CLOEXEC.rawValue | (waits ? 0 : SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | flags), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    return descriptor
}
