import CCurl
import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The sockets of all connections, those in the pool too, which libcurl shows to nobody.
///
/// They are opened here to be closed in child processes (libcurl 7.88 leaves that out, and QScanner would inherit
/// them), and to be shut down when they may be dead.
final class CurlSockets {
    private var open: Set<curl_socket_t> = []

    /// Makes libcurl open and close the sockets of this handle here.
    func attach(to options: inout CurlOptions) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.setOpenSocket(openTransportSocket, context)
        options.setCloseSocket(closeTransportSocket, context)
    }

    /// Ends all connections but those from these local ports. libcurl sees it when it wants to use one again, and passes
    /// over it. One that was being made is lost too.
    func shutDown(exceptFrom ports: Set<Int32>) {
        for socket in open where !ports.contains(localPort(of: socket)) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    fileprivate func makeSocket(_ address: curl_sockaddr) -> curl_socket_t {
        let made = socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
        if made >= 0 { open.insert(made) }
        return made
    }

    fileprivate func closeSocket(_ socket: curl_socket_t) -> Int32 {
        open.remove(socket)
        return close(socket)
    }
}

/// Tells that the machine stood still: Lambda freezes an environment between two events, for hours if need be. Its
/// clock for intervals, which libcurl measures the age of connections with, may stand still as well; the time of day
/// does not.
struct FreezeDetector {
    /// Steps of the time of day below this are taken for corrections of the clock.
    private static let shortest = Duration.seconds(10)

    /// libcurl's cache of names keeps them for so long, by the clock that stood still.
    private static let ageOfNames = Duration.seconds(60)

    private let clock: WallClock
    private var lastWall: Timestamp
    private var lastSteady = SuspendingClock.now
    private var lastFreeze: SuspendingClock.Instant?

    init(clock: WallClock) {
        self.clock = clock
        lastWall = clock.now()
    }

    /// Whether the time of day has gone on without us since this was last asked.
    mutating func hasFrozen() -> Bool {
        let (wall, steady) = (clock.now(), SuspendingClock.now)
        defer { (lastWall, lastSteady) = (wall, steady) }
        guard wall - lastWall > lastSteady.duration(to: steady) + FreezeDetector.shortest else { return false }
        lastFreeze = steady
        return true
    }

    /// Whether what is remembered from before a freeze may still be in use.
    var isRecent: Bool {
        lastFreeze.map { $0.duration(to: .now) < FreezeDetector.ageOfNames } ?? false
    }
}

private func openTransportSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let address else { return -1 }
    return Unmanaged<CurlSockets>.fromOpaque(context).takeUnretainedValue().makeSocket(address.pointee)
}

private func closeTransportSocket(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    guard let context else { return close(socket) }
    return Unmanaged<CurlSockets>.fromOpaque(context).takeUnretainedValue().closeSocket(socket)
}

/// 0 when there is none. libcurl has no name for a connection in use but its addresses: CURLINFO_ACTIVESOCKET is for
/// those that are over.
private func localPort(of socket: curl_socket_t) -> Int32 {
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
    }
    // The port has the same place in an IPv4 address.
    return code == 0 ? Int32(UInt16(bigEndian: address.sin6_port)) : 0
}
