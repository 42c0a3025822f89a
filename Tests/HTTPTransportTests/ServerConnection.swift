import Glibc

/// One request as it came over the wire.
struct ReceivedRequest: Sendable {
    /// From the method to the empty line.
    var head: String
    /// As sent: chunked bodies with their framing.
    var body: [UInt8]

    var text: String { head + String(decoding: body, as: UTF8.self) }
    var line: String { String(head.prefix { !$0.isNewline }) }
}

/// The server's end of one connection; it is used by one thread.
final class ServerConnection {
    /// 1 for the first that the server accepted.
    let number: Int
    let descriptor: Int32
    private let record: (ReceivedRequest) -> Void
    private var unread: [UInt8] = []

    init(_ descriptor: Int32, _ number: Int, _ record: @escaping (ReceivedRequest) -> Void) {
        (self.descriptor, self.number, self.record) = (descriptor, number, record)
    }

    /// Reads a head, without the body; nil when the peer has closed.
    func readHead() -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = unread.firstRange(of: end) {
                let head = String(decoding: unread[..<range.upperBound], as: UTF8.self)
                unread.removeFirst(range.upperBound)
                return head
            }
            guard receive() else { return nil }
        }
    }

    /// Reads a request with its body, and records it; nil when the peer has closed.
    func readRequest() -> ReceivedRequest? {
        guard let head = readHead() else { return nil }
        var request = ReceivedRequest(head: head, body: [])
        let lower = head.lowercased()
        if lower.contains("transfer-encoding: chunked") {
            while !request.body.hasSuffix("0\r\n\r\n") {
                if unread.isEmpty, !receive() { return nil }
                request.body += unread
                unread = []
            }
        } else if let range = lower.firstRange(of: "content-length: ") {
            let count = Int(lower[range.upperBound...].prefix { $0.isNumber }) ?? 0
            while unread.count < count { guard receive() else { return nil } }
            request.body = Array(unread.prefix(count))
            unread.removeFirst(count)
        }
        record(request)
        return request
    }

    /// Reads bytes and forgets them; returns how many came, 0 at the end.
    func skip() -> Int {
        if unread.isEmpty, !receive() { return 0 }
        defer { unread = [] }
        return unread.count
    }

    /// Waits until the peer has closed.
    func waitUntilClosed() { while skip() > 0 {} }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// False when the peer is gone.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Answers with a length, and keeps the connection.
    func answer(_ status: String = "200 OK", headers: String = "", _ body: String = "") {
        send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Makes the close that follows a reset of the connection (RST).
    func resetWhenClosed() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Ends the connection now, and not when the script returns.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Passes bytes on in both directions, until one side ends.
    func relay(to port: Int) {
        let other = connectToLocalPort(port)
        defer { Glibc.close(other) }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var ends = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&ends, 2, -1) > 0 {
            for (index, end) in ends.enumerated() where end.revents != 0 {
                let count = recv(end.fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                _ = Glibc.send(ends[1 - index].fd, buffer, count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    /// Makes the client's next write to this connection fail, while nothing arrives there that would tell it why: the
    /// client is in this process.
    func breakClientsSending() {
        // Two connections to different servers may share the client's port.
        let (here, there) = (port(of: descriptor, getsockname), port(of: descriptor, getpeername))
        for client in Int32(3)..<4096
        where port(of: client, getsockname) == there && port(of: client, getpeername) == here {
            shutdown(client, Int32(SHUT_WR))
        }
    }

    private func port(
        of descriptor: Int32,
        _ read: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> UInt16? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { read(descriptor, $0, &length) }
        }
        return code == 0 && address.sin_family == AF_INET ? address.sin_port : nil
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        unread += buffer[..<count]
        return true
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
