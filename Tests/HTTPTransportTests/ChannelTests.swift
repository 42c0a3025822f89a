import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ChannelTests {
    private static let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private static func server(_ body: [UInt8], announcing count: Int? = nil) -> ScriptedServer {
        ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(count ?? body.count)\r\n\r\n")
            peer.send(body)
        }
    }

    private func read(_ channel: HTTPBodyChannel, pausing pause: Duration? = nil) async -> [UInt8] {
        var all: [UInt8] = []
        var buffer: [UInt8] = []
        if let pause { try? await Task.sleep(for: pause) }
        while await channel.next(&buffer) { all += buffer }
        return all
    }

    @Test(arguments: [1, 5000, 65_536, 1 << 22])
    func `All bytes come, in order, whatever a buffer holds`(limit: Int) async throws {
        let server = ChannelTests.server(ChannelTests.body)
        let channel = HTTPBodyChannel(limit: limit)
        async let bytes = read(channel)
        let response = try await CurlTransport().send(HTTPRequest(url: server.url), into: .channel(channel))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        #expect(await bytes == ChannelTests.body)
        #expect(channel.isWhole)
        #expect(channel.byteCount == Int64(ChannelTests.body.count))
    }

    @Test func `A transfer that waits for its reader does not run into the idle limit`() async throws {
        let server = ChannelTests.server(ChannelTests.body)
        let channel = HTTPBodyChannel(limit: 1000)
        async let bytes = read(channel, pausing: .milliseconds(400))
        let request = HTTPRequest(url: server.url, limits: HTTPLimits(idle: .milliseconds(100), total: nil))
        _ = try await CurlTransport().send(request, into: .channel(channel))
        #expect(await bytes == ChannelTests.body)
    }

    @Test func `A body that is cut ends the reading, and is not whole`() async {
        let server = ChannelTests.server(ChannelTests.body, announcing: ChannelTests.body.count + 1)
        let channel = HTTPBodyChannel()
        async let bytes = read(channel)
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: .channel(channel))
        #expect(error?.reason == .dropped)
        #expect(await bytes == ChannelTests.body)
        #expect(!channel.isWhole)
    }

    @Test func `A reader that refuses ends the transfer, also one that waits`() async {
        let server = ChannelTests.server(ChannelTests.body)
        let channel = HTTPBodyChannel(limit: 1000)
        async let first: Void = {
            var buffer: [UInt8] = []
            _ = await channel.next(&buffer)
            channel.refuse()
        }()
        let error = await CurlTransport().failure(HTTPRequest(url: server.url), into: .channel(channel))
        #expect(error?.reason == .sink)
        await first
        #expect(!channel.isWhole)
    }

    @Test func `The body of an error goes into the answer, and the reading ends`() async throws {
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send("HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nbusy")
        }
        let channel = HTTPBodyChannel()
        async let bytes = read(channel)
        let response = try await CurlTransport().send(HTTPRequest(url: server.url), into: .channel(channel))
        #expect(response.body == Array("busy".utf8))
        #expect(await bytes.isEmpty)
        #expect(!channel.isWhole)
    }

    @Test func `The reading ends when no request could be sent`() async {
        let channel = HTTPBodyChannel()
        async let bytes = read(channel)
        let error = await CurlTransport().failure(HTTPRequest(url: "no address"), into: .channel(channel))
        #expect(error?.reason == .invalidRequest)
        #expect(await bytes.isEmpty)
    }
}
