import Glibc
import HTTPTransport
import Testing

/// In a process of its own, where no other test needs memory.
@Suite(.timeLimit(.minutes(5))) struct MemoryTests {
    @Test func `100 MB pass in either direction without being held`() async {
        await #expect(processExitsWith: .success) {
            let size = 100 << 20
            let server = ScriptedServer { peer in
                guard let head = peer.readHead() else { return }
                if head.hasPrefix("PUT") {
                    var left = size
                    while left > 0 {
                        let count = peer.skip()
                        if count == 0 { return }
                        left -= count
                    }
                    peer.answer()
                } else {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                    let piece = [UInt8](repeating: 7, count: 1 << 20)
                    for _ in 0..<100 { peer.send(piece) }
                }
            }
            let before = peakMemory()
            #expect(before > 0)
            let transport = CurlTransport()
            let (given, got) = (Shared(0), Shared((bytes: 0, largest: 0)))
            let body = HTTPRequestBody.stream(count: Int64(size)) { buffer in
                let room = buffer.count
                given.change { $0 = max($0, room) }
                buffer.initializeMemory(as: UInt8.self, repeating: 7)
                return buffer.count
            }
            _ = try await transport.fetch(HTTPRequest(method: "PUT", url: server.url, body: body))
            let sink = HTTPBodySink.stream { piece in
                let count = piece.count
                got.change { $0 = ($0.bytes + count, max($0.largest, count)) }
            }
            _ = try await transport.send(HTTPRequest(url: server.url), into: sink)

            #expect(got.value.bytes == size)
            #expect(got.value.largest <= 64 << 10)
            #expect(given.value <= 64 << 10)
            #expect(peakMemory() - before < 20 << 10)
        }
    }
}

/// The most memory that this program has had, in KB. `getrusage` would count what ran in the process before it.
private func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = line.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) ?? 0 }
    }
    return 0
}
