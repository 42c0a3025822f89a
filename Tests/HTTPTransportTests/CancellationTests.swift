import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CancellationTests {
    private let folder = TemporaryFolder()

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
    func `Cancelling the task ends the transfer and its connection`(answer: String) async {
        let (isUnderWay, isClosed) = (Gate(), Gate())
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.send(answer)
            isUnderWay.open()
            peer.waitUntilClosed()
            isClosed.open()
        }
        let transport = CurlTransport()
        let sink = HTTPBodySink.file(path: folder.path + "/f", limit: 100)
        let task = Task { await transport.failure(HTTPRequest(url: server.url), into: sink) }
        await isUnderWay.wait()
        task.cancel()
        let error = await task.value
        #expect(error?.reason == .cancelled)
        #expect(error?.mayPass == false)
        await isClosed.wait()
        #expect(folder.names == [])
    }

    @Test func `A task that is cancelled already sends nothing`() async {
        let server = ScriptedServer { peer in _ = peer.readRequest() }
        let transport = CurlTransport()
        let mayStart = Gate()
        let task = Task {
            await mayStart.wait()
            return await transport.failure(HTTPRequest(url: server.url))
        }
        task.cancel()
        mayStart.open()
        #expect(await task.value?.reason == .cancelled)
        #expect(server.connections == 0)
    }

    @Test func `A look-up of a name can be cancelled`() async {
        let transport = CurlTransport()
        let task = Task { try? await transport.fetch(HTTPRequest(url: "http://no-such-host.invalid/")) }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test func `Cancelling at any moment ends each request once`() async {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer("200 OK", "body") }
        }
        let transport = CurlTransport()
        var (answers, cancellations) = (0, 0)
        for round in 0..<200 {
            let task = Task { await transport.outcome(HTTPRequest(url: server.url)) }
            // So long that in some rounds the answer is there first.
            for _ in 0..<(round % 20) { await Task.yield() }
            task.cancel()
            switch await task.value {
            case .success: answers += 1
            case .failure(let error):
                #expect(error.reason == .cancelled)
                cancellations += 1
            }
        }
        #expect(answers + cancellations == 200)
    }

    @Test func `Cancelling one transfer leaves the others alone`() async throws {
        let (isUnderWay, mayAnswer) = (Gate(), Gate())
        let server = ScriptedServer { peer in
            guard let request = peer.readRequest() else { return }
            if request.line.contains("/stuck") {
                isUnderWay.open()
                peer.waitUntilClosed()
            } else {
                mayAnswer.block()
                peer.answer("200 OK", "body")
            }
        }
        let transport = CurlTransport()
        async let other = transport.fetch(HTTPRequest(url: server.url + "/other"))
        let stuck = Task { await transport.failure(HTTPRequest(url: server.url + "/stuck")) }
        await isUnderWay.wait()
        stuck.cancel()
        #expect(await stuck.value?.reason == .cancelled)
        mayAnswer.open()
        #expect(try await other.text == "body")
    }
}
