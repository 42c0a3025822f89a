import AWSSigning
import HTTPTransport
import Support
import Telemetry
import TestSupport
import Testing

@testable import AWSClients

@Suite struct CredentialChainTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private static let container = #"{"AccessKeyId":"CONTAINER","SecretAccessKey":"container-secret","Token":"t"}"#

    /// Which key pair the chain gives, or the label of its error.
    private func outcome(
        _ environment: [String: String],
        credentials: String? = nil,
        config: String? = nil,
        _ http: FakeHTTP = FakeHTTP([.answer(200, container)])
    ) async throws -> String {
        var environment = environment
        environment["HOME"] = folder.path
        environment["AWS_SHARED_CREDENTIALS_FILE"] = try credentials.map { try folder.write("credentials", $0.utf8) }
        environment["AWS_CONFIG_FILE"] = try config.map { try folder.write("config", $0.utf8) }
        let source = CredentialSource.chain(environment: environment, http: http.client, clock: FakeClock().clock) {
            .test(http, credentials: $0)
        }
        do {
            return try await source.get(.test()).accessKeyID
        } catch {
            return error.label
        }
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": "own-secret"]
    private static let address = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials"]
    private static let profile = "[default]\naws_access_key_id = FILE\naws_secret_access_key = file-secret\n"

    @Test func `The environment comes before the files, and they before the container`() async throws {
        let all = Self.keys.merging(Self.address) { $1 }
        #expect(try await outcome(all, credentials: Self.profile) == "OWN")
        #expect(try await outcome(Self.address, credentials: Self.profile) == "FILE")
        #expect(try await outcome(Self.address) == "CONTAINER")
        #expect(try await outcome([:]) == "Credentials.Missing")
    }

    @Test(arguments: [
        ["AWS_ACCESS_KEY_ID": "OWN"], ["AWS_SECRET_ACCESS_KEY": "own-secret"],
        ["AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": ""],
    ])
    func `Half a key pair is none`(_ environment: [String: String]) async throws {
        #expect(try await outcome(environment, credentials: Self.profile) == "FILE")
    }

    @Test func `An empty session token is none`() async throws {
        let environment = Self.keys.merging(["AWS_SESSION_TOKEN": ""]) { $1 }
        let http = FakeHTTP([])
        let source = CredentialSource.chain(environment: environment, http: http.client) {
            .test(http, credentials: $0)
        }
        #expect(try await source.get(.test()).sessionToken == nil)
    }

    @Test func `Another profile is taken when it is named`() async throws {
        let files = "[default]\n[work]\naws_access_key_id=WORK\naws_secret_access_key=s\n"
        #expect(try await outcome(["AWS_PROFILE": "work"], credentials: files) == "WORK")
        #expect(try await outcome(["AWS_PROFILE": "home"], credentials: files) == "Credentials.Missing")
    }

    @Test func `A profile's role is assumed with its source's keys, link by link`() async throws {
        let config = """
            [profile a]
            role_arn = arn:aws:iam::111111111111:role/a
            source_profile = b
            external_id = code word
            [profile b]
            role_arn = arn:aws:iam::222222222222:role/b
            source_profile = default
            """
        let http = FakeHTTP { (_: HTTPRequest, number: Int) throws(HTTPError) in HTTPResponse(200, assumedRole(number))
        }
        let id = try await outcome(["AWS_PROFILE": "a"], credentials: Self.profile, config: config, http)
        #expect(id == "ROLE2")
        #expect(http.requests.map(\.signedBy) == ["FILE", "ROLE1"])
        #expect(http.requests.map { $0.bodyText.contains("role%2Fb") } == [true, false])
        #expect(http.requests.map { $0.bodyText.contains("ExternalId=code%20word") } == [false, true])
    }

    @Test(arguments: [
        "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n",
        "[profile a]\nrole_arn = r\nsource_profile = a\n", "[profile a]\nrole_arn = r\nsource_profile = missing\n",
        "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = eu-west-1\n",
    ])
    func `A circle of profiles, or one without keys at its end, is an error`(_ config: String) async throws {
        let http = FakeHTTP([.answer(200, assumedRole(1))])
        #expect(try await outcome(["AWS_PROFILE": "a"], config: config, http) == "Credentials.Profile")
        #expect(http.requests.isEmpty)
    }

    @Test func `What is missing is said with the profile's name`() async {
        let http = FakeHTTP([])
        let environment = ["AWS_PROFILE": "work", "HOME": "/nonexistent"]
        let source = CredentialSource.chain(environment: environment, http: http.client) {
            .test(http, credentials: $0)
        }
        let error = await #expect(throws: CredentialError.self) { try await source.get(.test()) }
        #expect(error?.description.contains("\"work\"") == true)
    }
}

@Suite struct ContainerCredentialsTests {
    private static let answer = """
        {"AccessKeyId":"C","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-21T09:00:00Z","RoleArn":"r"}
        """

    @Test func `Credentials come with their token and expiry, without a proxy`() async throws {
        let http = FakeHTTP([.answer(200, Self.answer)])
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc",
        ]
        let container = try #require(try ContainerCredentials(environment: environment))
        let credentials = try await container.load(http.client, .test())
        #expect(credentials.accessKeyID == "C")
        #expect(credentials.sessionToken?.exposed == "t")
        #expect(credentials.expiration == Timestamp(iso8601: "2026-11-21T09:00:00Z"))
        #expect(http.requests.map(\.url) == ["http://169.254.170.2/v2/x"])
        #expect(http.requests.first?.headers["Authorization"] == "Basic abc")
        #expect(http.requests.first?.usesProxy == false)
    }

    @Test(arguments: [
        "https://credentials.example/x", "http://localhost/x", "http://localhost:8080", "http://127.0.0.1:1338/x",
        "http://[::1]/x", "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/x",
        "http://LOCALHOST/x",
    ])
    func `The token may go to https and to this machine`(_ url: String) throws {
        #expect(try ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]) != nil)
    }

    @Test(arguments: [
        "http://evil.example/x", "http://169.254.169.254/x", "http://localhost.evil.example/x",
        "http://127.0.0.1.evil/x",
        "http://localhost@evil.example/x", "http://localhost:80@evil.example/x", "http://127.0.0.1:80:80/x",
        "https://user:pass@credentials.example/x", "ftp://localhost/x", "localhost", "file:///etc/passwd",
        "http://localhost\\@evil.example", "http:///x", "https://",
    ])
    func `The token goes nowhere else`(_ url: String) {
        #expect(throws: CredentialError.self) {
            try ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        }
    }

    @Test(arguments: [".evil.example/x", "@evil.example/x", ":80@evil.example/", "0/x"])
    func `A relative address cannot lead elsewhere`(_ path: String) {
        #expect(throws: CredentialError.self) {
            try ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path])
        }
    }

    @Test func `Without an address there is no container`() throws {
        let empty = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ""]
        #expect(try ContainerCredentials(environment: [:]) == nil)
        #expect(try ContainerCredentials(environment: empty) == nil)
    }

    @Test func `The token's file is read each time, and comes before the token`() async throws {
        let folder = try TemporaryFolder()
        let http = FakeHTTP([.answer(200, Self.answer)])
        let container = try #require(
            try ContainerCredentials(environment: [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "no",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": try folder.write("token", "one\n".utf8),
            ])
        )
        _ = try await container.load(http.client, .test())
        _ = try folder.write("token", "two\r\n".utf8)
        _ = try await container.load(http.client, .test())
        #expect(http.requests.map { $0.headers["Authorization"] } == ["one", "two"])
    }

    @Test(
        arguments: [
            .answer(200, "<html>"), .answer(200, #"{"AccessKeyId":"C"}"#), .answer(403, #"{"message":"secret-thing"}"#),
            .failed(.connect), .failed(.tooLarge),
        ] as [Result<HTTPResponse, HTTPError>]
    )
    func `Any other answer is an error that shows nothing of it`(_ answer: Result<HTTPResponse, HTTPError>) async throws
    {
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"]
        let container = try #require(try ContainerCredentials(environment: environment))
        let error = await #expect(throws: CredentialError.self) {
            try await container.load(FakeHTTP([answer]).client, .test())
        }
        #expect(error?.label == "Credentials.Container")
        #expect(error?.description.contains("secret-thing") == false)
    }
}

@Suite struct ProfileFilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var credentials = ""
        var config = ""
        var selected = "default"
        var keys: [String]?

        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "keys and token",
            credentials: "[default]\naws_access_key_id = A\naws_secret_access_key = S=/+\naws_session_token = T\n",
            keys: ["A", "S=/+", "T"]
        ),
        Case(
            name: "no spaces, CRLF, upper-case names, no last line end",
            credentials: "[default]\r\nAWS_ACCESS_KEY_ID=A\r\naws_secret_access_key=S",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "comments and empty lines",
            credentials:
                "# x\n; y\n\n[default]\n#aws_access_key_id = C\naws_access_key_id = A\n\naws_secret_access_key = S\n",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "nested settings are passed over",
            credentials:
                "[default]\naws_access_key_id = A\ns3 =\n  aws_access_key_id = N\n\taws_secret_access_key = N\n"
                + "aws_secret_access_key = S\n",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "the config file has keys too",
            config: "[default]\naws_access_key_id = A\naws_secret_access_key = S\n",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "the credentials file comes first",
            credentials: "[default]\naws_access_key_id = A\naws_secret_access_key = S\n",
            config: "[default]\naws_access_key_id = B\naws_secret_access_key = B\n",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "a named profile of the config file",
            config: "[ profile  work ]\naws_access_key_id = A\naws_secret_access_key = S\n",
            selected: "work",
            keys: ["A", "S", ""]
        ),
        Case(
            name: "a section of the config file that is no profile",
            config:
                "[work]\naws_access_key_id = A\naws_secret_access_key = S\n[sso-session x]\naws_access_key_id = B\n",
            selected: "work",
            keys: nil
        ),
        Case(
            name: "a name with a space",
            credentials: "[my work]\naws_access_key_id = A\naws_secret_access_key = S\n",
            selected: "my work",
            keys: ["A", "S", ""]
        ),
        Case(name: "half a key pair", credentials: "[default]\naws_access_key_id = A\n", keys: nil),
        Case(
            name: "lines before any section",
            credentials: "aws_access_key_id = A\naws_secret_access_key = S\n",
            keys: nil
        ),
        Case(name: "no files", keys: nil),
        Case(name: "not such a file at all", credentials: "\u{0}\u{FFFD}[[[]]]===\n[\n]\n=\n", keys: nil),
    ]

    @Test(arguments: cases)
    func `A profile is read as the SDKs read it`(_ item: Case) {
        let files = ProfileFiles(credentials: item.credentials, config: item.config, selected: item.selected)
        var keys: [String]?
        if case .keys(let found) = files.entry(item.selected) {
            keys = [found.accessKeyID, found.secretAccessKey.exposed, found.sessionToken?.exposed ?? ""]
        }
        #expect(keys == item.keys)
    }

    @Test func `A role is read with its source and external id`() {
        let config = "[profile a]\nrole_arn = r\nsource_profile = b\nexternal_id = e\nregion = eu-west-3\n"
        let files = ProfileFiles(credentials: "", config: config, selected: "a")
        #expect(files.entry("a") == .role(arn: "r", externalID: "e", source: "b"))
        #expect(files.region == "eu-west-3")
    }

    @Test func `A folder, a missing file and one of more than a megabyte are no profile files`() throws {
        let folder = try TemporaryFolder()
        let large = try folder.write("large", [UInt8](repeating: UInt8(ascii: "#"), count: (1 << 20) + 1))
        #expect(readSmallFile(folder.path) == nil)
        #expect(readSmallFile("\(folder.path)/missing") == nil)
        #expect(readSmallFile(large) == nil)
        #expect(readSmallFile(try folder.write("small", "x".utf8)) == "x")
    }
}
