import Foundation
import Support
import Testing

@testable import QScanner

@Suite struct QScannerCommandTests {
    let scratch = ScanScratch(path: "/tmp/scan-1")

    func command(
        _ target: ScanTarget = FakeScanner("").target,
        parent: [String: String] = [:]
    ) -> QScannerCommand {
        QScannerCommand(path: "/opt/q", scanTypes: "pkg,secret", target: target, scratch: scratch, parent: parent)
    }

    @Test func `The command line is the documented one`() {
        #expect(command().path == "/opt/q")
        #expect(
            command().arguments == [
                "--pod", "US2", "--output-dir", "/tmp/scan-1/output", "--cache-dir", "/tmp/scan-1/cache",
                "--scan-types", "pkg,secret", "lambda", "arn:aws:lambda:eu-west-1:123456789012:function:shop",
            ]
        )
    }

    @Test func `A private platform's gateway stands in the place of the pod`() {
        var target = FakeScanner("").target
        target.platform = .gateway("https://gateway.example")
        #expect(command(target).arguments.starts(with: ["--gateway-url", "https://gateway.example", "--output-dir"]))
        #expect(!command(target).arguments.contains("--pod"))
    }

    @Test func `The environment is what is needed and nothing else`() {
        let parent = [
            "PATH": "/bin", "https_proxy": "http://u:pr%40xy-pw@p:1", "HTTP_PROXY": "http://p:1", "NO_PROXY": "",
            "HOME": "/",
            "AWS_ACCESS_KEY_ID": "ours", "AWS_PROFILE": "ours", "LD_PRELOAD": "x", "SSL_CERT_FILE": "/ca",
            "AWS_CA_BUNDLE": "/ca", "AWS_LAMBDA_RUNTIME_API": "x", "_X_AMZN_TRACE_ID": "x", "TMPDIR": "/ours",
        ]
        #expect(
            command(parent: parent).environment.mapValues(\.exposed) == [
                "QUALYS_ACCESS_TOKEN": "qualys-token-value", "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "ASIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "secret/access+key",
                "AWS_SESSION_TOKEN": "session-token-value", "HOME": "/tmp/scan-1/home", "TMPDIR": "/tmp/scan-1/tmp",
                "PATH": "/bin", "https_proxy": "http://u:pr%40xy-pw@p:1", "HTTP_PROXY": "http://p:1",
                "SSL_CERT_FILE": "/ca", "AWS_CA_BUNDLE": "/ca",
            ]
        )
    }

    @Test func `Long-term keys have no session token, and PATH has a default`() {
        var target = FakeScanner("").target
        target.keys.sessionToken = nil
        #expect(command(target).environment["AWS_SESSION_TOKEN"] == nil)
        #expect(command(target).environment["PATH"]?.exposed == "/usr/local/bin:/usr/bin:/bin")
    }

    @Test func `Registry credentials are passed on as far as they are given`() {
        var target = FakeScanner("").target
        target.registry = RegistryCredentials(username: "user", password: Redacted("registry-pw"))
        let environment = command(target).environment
        #expect(environment["QSCANNER_REGISTRY_USERNAME"]?.exposed == "user")
        #expect(environment["QSCANNER_REGISTRY_PASSWORD"]?.exposed == "registry-pw")
        #expect(environment["QSCANNER_REGISTRY_TOKEN"] == nil)
    }

    @Test func `Every secret of the environment is known as one, a proxy's password among them`() {
        var target = FakeScanner("").target
        target.registry = RegistryCredentials(password: Redacted("registry-pw"), token: Redacted("registry-token"))
        let secrets = command(target, parent: ["https_proxy": "http://u:proxy-pw@p:1"]).secrets.map(\.exposed)
        let plain = [
            "qualys-token-value", "ASIATESTTESTTESTTEST", "secret/access+key", "session-token-value", "registry-pw",
            "registry-token", "proxy-pw",
        ]
        #expect(Set(secrets) == Set(plain + plain.map { Data($0.utf8).base64EncodedString() }))
    }

    @Test(arguments: [
        ("HTTPS_PROXY", "u:proxy-pw@p:1", "proxy-pw"), ("all_proxy", "socks5h://u:a:b@c@p", "a:b@c"),
        ("https_proxy", "p:3128", nil), ("https_proxy", "http://u@p:1", nil), ("PATH", "/bin:/opt/python@3/bin", nil),
    ])
    func `A proxy's password is known with and without a scheme`(name: String, value: String, password: String?) {
        let known = Set(command(parent: [name: value]).secrets).subtracting(command().secrets).map(\.exposed)
        #expect(Set(known) == Set(password.map { [$0, Data($0.utf8).base64EncodedString()] } ?? []))
    }

    @Test func `A registry's sign-in is known in the form in which it travels`() {
        var target = FakeScanner("").target
        target.registry = RegistryCredentials(username: "user", password: Redacted("registry-pw"))
        #expect(command(target).secrets.contains(Redacted("dXNlcjpyZWdpc3RyeS1wdw==")))
    }

    @Test func `No secret is in the command line or in what is printed of the command`() {
        let command = command(parent: ["https_proxy": "http://u:proxy-pw@p:1"])
        let printed = "\(command) \(command.arguments)"
        for secret in command.secrets {
            #expect(!printed.contains(secret.exposed))
        }
    }
}
