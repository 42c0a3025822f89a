import Glibc
import HTTPTransport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    /// A certificate authority of the test's own, and a server whose certificate it signed for `localhost`.
    private final class Authority {
        let folder = TemporaryFolder()

        var bundle: String { folder.path + "/ca.pem" }

        init() async throws {
            let steps = """
                cd '\(folder.path)'
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Test-CA \
                    -keyout ca.key -out ca.pem
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
                    -keyout server.key -out server.csr
                printf 'subjectAltName=DNS:localhost\\n' > san
                openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem
                """
            let status = await runProgram(["sh", "-e", "-c", steps])
            try #require(status == 0)
        }

        /// Starts a server that answers each request with a page of its own.
        func serve(_ options: [String] = []) async throws -> (process: ChildProcess, port: Int) {
            let files = ["-cert", folder.path + "/server.pem", "-key", folder.path + "/server.key"]
            let process = try #require(
                ChildProcess(["openssl", "s_server", "-www", "-accept", "127.0.0.1:0"] + files + options)
            )
            let port = await waitOnThread { () -> Int? in
                while let line = process.readLine() {
                    if line.hasPrefix("ACCEPT") { return line.split { !$0.isNumber }.last.flatMap { Int($0) } }
                }
                return nil
            }
            return (process, try #require(port))
        }
    }

    @Test func `A server whose authority is in the bundle is trusted`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve()
        let transport = CurlTransport(caBundle: authority.bundle)
        for _ in 1...2 {
            let response = try await transport.fetch(HTTPRequest(url: "https://localhost:\(server.port)/"))
            #expect(response.status == 200)
            #expect(response.text.contains("TLSv1.3"))
        }
    }

    @Test func `A server that the system does not know is refused`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve()
        let error = await CurlTransport().failure(HTTPRequest(url: "https://localhost:\(server.port)/"))
        #expect(error?.reason == .tls)
        #expect(error?.mayPass == false)
        #expect(error?.detail.contains("certificate") == true)
    }

    @Test func `A certificate for another name is refused`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve()
        let transport = CurlTransport(caBundle: authority.bundle)
        let error = await transport.failure(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
        #expect(error?.reason == .tls)
    }

    @Test func `TLS before 1.2 is refused`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        let transport = CurlTransport(caBundle: authority.bundle)
        let error = await transport.failure(HTTPRequest(url: "https://localhost:\(server.port)/"))
        #expect(error?.reason == .tls)
    }

    @Test func `TLS 1.2 is taken`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve(["-tls1_2"])
        let transport = CurlTransport(caBundle: authority.bundle)
        let response = try await transport.fetch(HTTPRequest(url: "https://localhost:\(server.port)/"))
        #expect(response.text.contains("TLSv1.2"))
    }

    @Test func `A bundle that is not there is an error, and not the system's instead`() async throws {
        let authority = try await Authority()
        let server = try await authority.serve()
        let transport = CurlTransport(caBundle: authority.folder.path + "/none.pem")
        let error = await transport.failure(HTTPRequest(url: "https://localhost:\(server.port)/"))
        #expect(error?.reason == .tls)
    }

    @Test func `A connection lost in the handshake may pass`() async {
        for resets in [true, false] {
            let server = ScriptedServer { peer in
                _ = peer.skip()
                if resets { peer.resetWhenClosed() }
            }
            let error = await CurlTransport().failure(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(error?.reason == .connect)
            #expect(error?.mayPass == true)
        }
    }

    @Test func `A server that speaks no TLS is a TLS error`() async {
        let server = ScriptedServer { peer in
            _ = peer.skip()
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let error = await CurlTransport().failure(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
        #expect(error?.reason == .tls)
    }

    @Test func `A request over TLS passes through the proxy's tunnel, whose headers are not the answer's`() async throws
    {
        let authority = try await Authority()
        let server = try await authority.serve()
        let (bundle, port) = (authority.bundle, server.port)
        await #expect(processExitsWith: .success) { [bundle = bundle as String, port = port as Int] in
            let proxy = ScriptedServer { peer in
                guard peer.readRequest() != nil else { return }
                peer.send("HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n")
                peer.relay(to: port)
            }
            setenv("https_proxy", proxy.url, 1)
            unsetenv("no_proxy")
            let transport = CurlTransport(caBundle: bundle)
            let response = try await transport.fetch(HTTPRequest(url: "https://localhost:\(port)/"))
            #expect(response.text.contains("TLSv1.3"))
            #expect(response.headers["X-Proxy"] == nil)
            #expect(proxy.requests.first?.line == "CONNECT localhost:\(port) HTTP/1.1")
        }
    }

    @Test func `A proxy that is spoken to by TLS is held against the same bundle`() async throws {
        let authority = try await Authority()
        let proxy = try await authority.serve()
        let (bundle, port) = (authority.bundle, proxy.port)
        await #expect(processExitsWith: .success) { [bundle = bundle as String, port = port as Int] in
            setenv("http_proxy", "https://localhost:\(port)", 1)
            unsetenv("no_proxy")
            let request = HTTPRequest(url: "http://service.example/")
            let response = try await CurlTransport(caBundle: bundle).fetch(request)
            #expect(response.text.contains("TLSv1.3"))
            #expect(await CurlTransport().failure(request)?.detail.contains("certificate") == true)
        }
    }

    @Test(arguments: ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    func `The environment can name the bundle`(variable: String) async throws {
        let authority = try await Authority()
        let server = try await authority.serve()
        let bundle = authority.bundle
        let url = "https://localhost:\(server.port)/"
        await #expect(processExitsWith: .success) { [variable, bundle = bundle as String, url = url as String] in
            for name in ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] { unsetenv(name) }
            setenv(variable, bundle, 1)
            let response = try await CurlTransport().fetch(HTTPRequest(url: url))
            #expect(response.status == 200)
        }
    }
}
