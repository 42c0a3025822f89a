import Glibc
import HTTPTransport
import Testing

/// Each in a process of its own, since the environment names the proxy.
@Suite(.timeLimit(.minutes(5))) struct ProxyTests {
    @Test func `A request goes to the proxy with its whole address`() async {
        await #expect(processExitsWith: .success) {
            let proxy = ScriptedServer { peer in
                while peer.readRequest() != nil { peer.answer("200 OK", "from the proxy") }
            }
            setenv("http_proxy", proxy.url, 1)
            unsetenv("no_proxy")
            let request = HTTPRequest(url: "http://service.example:8080/a?b", headers: ["X-A": "1"])
            let response = try await CurlTransport().fetch(request)
            #expect(response.text == "from the proxy")
            #expect(
                proxy.requests.first?.text
                    == "GET http://service.example:8080/a?b HTTP/1.1\r\nHost: service.example:8080\r\nX-A: 1\r\n\r\n"
            )
        }
    }

    @Test(arguments: ["https_proxy", "HTTPS_PROXY", "all_proxy"])
    func `A request over TLS asks the proxy for a tunnel, and shows it nothing else`(variable: String) async {
        await #expect(processExitsWith: .success) { [variable] in
            let proxy = ScriptedServer { peer in
                _ = peer.readRequest()
                peer.answer("403 Forbidden")
            }
            for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy"] { unsetenv(name) }
            setenv(variable, proxy.url, 1)
            let request = HTTPRequest(url: "https://service.example/secret", headers: ["Authorization": "secret"])
            let error = await CurlTransport().failure(request)
            #expect(error?.reason == .connect)
            #expect(error?.detail == "the proxy answered CONNECT with 403")
            #expect(error?.origin == "https://service.example")
            let head = proxy.requests.first?.head
            #expect(head?.hasPrefix("CONNECT service.example:443 HTTP/1.1\r\n") == true)
            #expect(head?.contains("secret") == false)
        }
    }

    @Test func `What no_proxy names, and what asks for no proxy, is reached directly`() async {
        await #expect(processExitsWith: .success) {
            let server = ScriptedServer { peer in
                while peer.readRequest() != nil { peer.answer("200 OK", "direct") }
            }
            let proxy = ScriptedServer { peer in
                while peer.readRequest() != nil { peer.answer("200 OK", "from the proxy") }
            }
            setenv("http_proxy", proxy.url, 1)
            unsetenv("no_proxy")
            let transport = CurlTransport()
            let proxied = try await transport.fetch(HTTPRequest(url: server.url))
            let asked = try await transport.fetch(HTTPRequest(url: server.url, usesProxy: false))
            setenv("no_proxy", "127.0.0.1", 1)
            let named = try await transport.fetch(HTTPRequest(url: server.url))
            #expect([proxied.text, asked.text, named.text] == ["from the proxy", "direct", "direct"])
            #expect(proxy.connections == 1)
        }
    }

    @Test func `An error shows no password of the proxy`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("no_proxy")
            for proxy in [
                "http://user:secret@127.0.0.1:1", "http://user:secret@no-such-host.invalid", "odd://user:secret@h",
            ] {
                setenv("http_proxy", proxy, 1)
                let error = await CurlTransport().failure(HTTPRequest(url: "http://service.example/"))
                #expect(error != nil)
                #expect(error?.description.contains("secret") == false)
            }
        }
    }
}
