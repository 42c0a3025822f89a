import AWSClients
import AWSSigning
import HTTPTransport
import Support
import Synchronization
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CredentialCacheTests {
    private let clock = FakeClock()
    private static let refusal = CredentialError(label: "Credentials.Test", description: "No.")

    /// Credentials good for an hour, another pair each time; a load fails when `fails` says so of its number.
    private func source(
        _ loads: Journal<Timestamp>,
        fails: @escaping @Sendable (Int) -> Bool = { _ in false }
    ) -> CredentialSource {
        CredentialCache(clock: clock.clock) { [clock] _ async throws(CredentialError) in
            let number = loads.write(clock.now)
            if fails(number) { throw Self.refusal }
            return .numbered(number, expiring: clock.now + .seconds(3600))
        }.source
    }

    private func ids(_ source: CredentialSource, at minutes: [Int]) async throws -> [String] {
        var ids: [String] = []
        for minute in minutes {
            clock.advance(FakeClock.start + .seconds(minute * 60) - clock.now)
            ids.append(try await source.get(.test()).accessKeyID)
        }
        return ids
    }

    @Test func `Credentials are kept until a quarter of an hour before they expire`() async throws {
        let loads = Journal<Timestamp>()
        let ids = try await ids(source(loads), at: [0, 1, 44, 45, 46, 89, 90])
        #expect(ids == ["AKID1", "AKID1", "AKID1", "AKID2", "AKID2", "AKID2", "AKID3"])
        #expect(loads.entries.count == 3)
    }

    @Test func `Credentials that do not say when they expire are kept`() async throws {
        let loads = Journal<Int>()
        let source = CredentialCache(clock: clock.clock) { _ in .numbered(loads.write(0)) }.source
        #expect(try await ids(source, at: [0, 60, 100_000]) == ["AKID1", "AKID1", "AKID1"])
    }

    @Test func `The old ones serve while a refresh ahead fails, and no longer than they are good`() async throws {
        let source = source(Journal()) { (2...4).contains($0) }
        #expect(try await ids(source, at: [0, 55, 59]) == ["AKID1", "AKID1", "AKID1"])
        await #expect(throws: CredentialError.self) { try await ids(source, at: [60]) }
        #expect(try await ids(source, at: [60]) == ["AKID5"])
    }

    @Test func `A failure is not kept`() async throws {
        let source = source(Journal()) { $0 == 1 }
        await #expect(throws: CredentialError.self) { try await source.get(.test()) }
        #expect(try await source.get(.test()).accessKeyID == "AKID2")
    }

    @Test func `Refused credentials are forgotten once, whoever says so how often`() async throws {
        let source = source(Journal())
        let refused = try await source.get(.test())
        #expect(await source.forget(refused))
        #expect(try await source.get(.test()).accessKeyID == "AKID2")
        // The answer to a call that was signed with the old ones comes late.
        #expect(await source.forget(refused))
        #expect(try await source.get(.test()).accessKeyID == "AKID2")
    }

    @Test func `Fifty who ask at once wait for one refresh`() async throws {
        let loads = Journal<Int>()
        let cache = CredentialCache(clock: clock.clock) { [clock] _ in
            // Every asker reads the clock before it waits.
            while clock.readings < 50 { await Task.yield() }
            return .numbered(loads.write(0), expiring: clock.now + .seconds(3600))
        }
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.source.get(.test()).accessKeyID } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ids == Array(repeating: "AKID1", count: 50))
        #expect(loads.entries.count == 1)
    }

    @Test func `Who asked first may be cancelled without harm to the others`() async throws {
        let isCancelled = Mutex(false)
        let cache = CredentialCache(clock: clock.clock) { [clock] _ async throws(CredentialError) in
            while clock.readings < 2 { await Task.yield() }
            isCancelled.withLock { $0 = Task.isCancelled }
            return .numbered(1)
        }
        let first = Task { try await cache.source.get(.test()).accessKeyID }
        while clock.readings < 1 { await Task.yield() }
        first.cancel()
        #expect(try await cache.source.get(.test()).accessKeyID == "AKID1")
        #expect(!isCancelled.withLock { $0 })
    }
}

@Suite struct AssumedRolesTests {
    private let clock = FakeClock()

    private func roles(_ http: FakeHTTP, externalID: String? = nil) -> AssumedRoles {
        AssumedRoles(caller: .test(http, clock), externalID: externalID, clock: clock.clock)
    }

    @Test func `A role's credentials are asked for once and kept`() async throws {
        let http = FakeHTTP([.answer(200, assumedRole(1))])
        let roles = roles(http, externalID: "a b&c")
        for _ in 0..<3 {
            let credentials = try await roles.credentials(of: "arn:aws:iam::999999999999:role/x").get(.test())
            #expect(credentials.accessKeyID == "ROLE1")
            #expect(credentials.secretAccessKey.exposed == "role-secret-1")
            #expect(credentials.sessionToken?.exposed == "role-token-1")
            #expect(credentials.expiration == Timestamp(iso8601: "2026-11-21T04:00:45Z"))
        }
        #expect(http.requests.count == 1)
        #expect(http.requests.first?.signedBy == "AKID1")
        #expect(http.requests.first?.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(
            http.requests.first?.bodyText == "Action=AssumeRole&Version=2011-06-15"
                + "&RoleArn=arn%3Aaws%3Aiam%3A%3A999999999999%3Arole%2Fx&RoleSessionName=qualys-lambda-scanner"
                + "&DurationSeconds=3600&ExternalId=a%20b%26c"
        )
    }

    @Test func `Without an external id none is sent`() async throws {
        let http = FakeHTTP([.answer(200, assumedRole(1))])
        _ = try await roles(http).credentials(of: "arn:aws:iam::999999999999:role/x").get(.test())
        #expect(http.requests.first?.bodyText.contains("ExternalId") == false)
    }

    @Test func `The least recently used of more than a hundred roles is dropped`() async throws {
        let http = FakeHTTP { (_: HTTPRequest, number: Int) throws(HTTPError) in HTTPResponse(200, assumedRole(number))
        }
        let roles = roles(http)
        func use(_ account: Int) async throws {
            _ = try await roles.credentials(of: "arn:aws:iam::\(account):role/x").get(.test())
        }
        for account in 0..<100 { try await use(account) }
        try await use(0)
        #expect(http.requests.count == 100)
        try await use(100)
        try await use(0)
        #expect(http.requests.count == 101, "account 0 was used lately and stays")
        try await use(1)
        #expect(http.requests.count == 102, "account 1 was dropped")
    }

    @Test func `A refused role names the role and shows no secret`() async {
        let body =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not allowed</Message></Error></ErrorResponse>"
        let http = FakeHTTP([.answer(403, body)])
        let error = await #expect(throws: CredentialError.self) {
            try await roles(http).credentials(of: "arn:aws:iam::999999999999:role/x").get(.test())
        }
        #expect(error?.label == "Credentials.AssumeRole")
        #expect(
            error?.description == "The role arn:aws:iam::999999999999:role/x could not be assumed: "
                + "sts AssumeRole failed with AccessDenied (HTTP 403): Not allowed"
        )
    }

    @Test(arguments: ["", "<a/>", "{}", assumedRole(1, until: "soon")])
    func `An answer that is no role is an error`(_ body: String) async {
        let http = FakeHTTP([.answer(200, body)])
        let error = await #expect(throws: CredentialError.self) {
            try await roles(http).credentials(of: "arn:aws:iam::999999999999:role/x").get(.test())
        }
        #expect(error?.description.contains("Answer.Unreadable") == true)
    }
}
