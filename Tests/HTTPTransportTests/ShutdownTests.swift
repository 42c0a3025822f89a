import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct ShutdownTests {
    @Test func `A shutdown ends what is in flight, and all that comes later`() async {
        let (isUnderWay, isClosed) = (Gate(), Gate())
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            isUnderWay.open()
            peer.waitUntilClosed()
            isClosed.open()
        }
        let transport = CurlTransport()
        let task = Task { await transport.failure(HTTPRequest(url: server.url)) }
        await isUnderWay.wait()
        await transport.shutdown()
        #expect(await task.value?.reason == .cancelled)
        await isClosed.wait()
        #expect(await transport.failure(HTTPRequest(url: server.url))?.reason == .cancelled)
        await transport.shutdown()
    }

    @Test func `A transport that was never used has nothing to end`() async {
        await CurlTransport().shutdown()
    }

    @Test func `A transport that was only warmed up ends, and stays ended`() async {
        let transport = CurlTransport()
        transport.warmUp()
        transport.warmUp()
        await transport.shutdown()
        transport.warmUp()
        #expect(await transport.failure(HTTPRequest(url: "http://127.0.0.1:1"))?.reason == .cancelled)
    }

    @Test func `A transport that was warmed up takes requests`() async throws {
        let server = ScriptedServer { peer in
            while peer.readRequest() != nil { peer.answer("200 OK", "body") }
        }
        let transport = CurlTransport()
        transport.warmUp()
        #expect(try await transport.fetch(HTTPRequest(url: server.url)).text == "body")
        await transport.shutdown()
    }

    @Test func `A transport that nobody holds closes its connections`() async throws {
        let isClosed = Gate()
        let server = ScriptedServer { peer in
            _ = peer.readRequest()
            peer.answer()
            peer.waitUntilClosed()
            isClosed.open()
        }
        _ = try await CurlTransport().client.send(HTTPRequest(url: server.url), .collect(limit: 10))
        await isClosed.wait()
    }

    /// In a process of its own, where no other test opens files or threads.
    @Test func `Nothing is left of a transport that was shut down`() async {
        await #expect(processExitsWith: .success) {
            let server = ScriptedServer { peer in
                while let request = peer.readRequest() {
                    if request.line.contains("/stuck") { peer.waitUntilClosed() } else { peer.answer() }
                }
            }
            func useOnce() async {
                let transport = CurlTransport()
                let url = server.url
                for _ in 0..<3 { _ = try? await transport.fetch(HTTPRequest(url: url)) }
                let task = Task { try? await transport.fetch(HTTPRequest(url: url + "/stuck")) }
                _ = try? await transport.fetch(HTTPRequest(url: url))
                task.cancel()
                _ = await task.value
                await transport.shutdown()
            }
            func count(_ folder: String) -> Int {
                guard let directory = opendir(folder) else { return 0 }
                defer { closedir(directory) }
                var count = 0
                while readdir(directory) != nil { count += 1 }
                return count
            }
            // What Swift opens for its own, it opens once.
            try await Task.sleep(for: .milliseconds(1))
            await useOnce()
            let descriptors = count("/proc/self/fd")
            let threads = count("/proc/self/task")
            for _ in 0..<20 { await useOnce() }
            // The server's ends and the last threads take a moment to go.
            for _ in 0..<200 where count("/proc/self/fd") > descriptors + 3 || count("/proc/self/task") > threads + 3 {
                try await Task.sleep(for: .milliseconds(10))
            }
            let (fd, task) = (count("/proc/self/fd"), count("/proc/self/task"))
            #expect(fd <= descriptors + 3, "\(descriptors) descriptors became \(fd)")
            #expect(task <= threads + 3, "\(threads) threads became \(task)")
        }
    }
}
