import AWSClients
import Foundation
import HTTPTransport
import Logging
import QScanner
import Support
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import FunctionScan

/// The scan with its real steps, against a cloud in memory.
@Suite(.timeLimit(.minutes(5))) struct AWSStepsTests {
    private let cloud: FakeCloud
    private let book = LogBook()

    init() throws {
        cloud = try FakeCloud()
    }

    private func run(
        _ scan: FunctionScan,
        _ function: FunctionARN = .test(),
        owner: String = "request-1"
    ) async throws -> ScanAnswer {
        try await scan.run(
            FunctionChange(function: function),
            identity: ScannerIdentity(account: "123456789012", region: "eu-west-1", functionName: "scanner"),
            owner: owner,
            CallContext(deadline: Deadline(FakeClock.start + .seconds(900)), log: book.logger)
        )
    }

    @Test func `A scan costs no call that it could do without`() async throws {
        let answer = try await run(cloud.scan())
        #expect(answer.status == .scanned)
        #expect(answer.vulnerabilities == SeverityCounts(critical: 1))
        #expect(answer.results == "s3://results/scans/123456789012/eu-west-1/web/20261121T030045Z.json")
        #expect(
            cloud.calls.entries.sorted() == [
                "GetFunction OWN", "GetFunction OWN", "GetSecretValue OWN", "Publish OWN", "PutObject OWN",
                "PutObject OWN", "TagResource OWN", "UpdateItem OWN", "UpdateItem OWN", "package -",
            ]
        )
        #expect(cloud.table.row?["scan_status"] == .text("success"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: cloud.folder.path).isEmpty)
    }

    @Test func `The same code is scanned once, and a cached answer costs two calls and no secret`() async throws {
        _ = try await run(cloud.scan())
        let before = cloud.calls.entries.count
        #expect(try await run(cloud.scan(), owner: "request-2").status == .cached)
        #expect(cloud.calls.entries.dropFirst(before) == ["GetFunction OWN", "UpdateItem OWN"])
        #expect(cloud.commands.entries.count == 1)
    }

    @Test func `Of two deliveries at the same moment one scans`() async throws {
        let scan = cloud.scan()
        async let first = run(scan, owner: "request-1")
        async let second = run(scan, owner: "request-2")
        let statuses = try await [first.status, second.status]
        #expect(statuses.contains(.scanned))
        #expect(cloud.commands.entries.count == 1)
    }

    @Test func `In a hub the spoke's role reads, scans and tags, and our own keys stay at home`() async throws {
        let function = FunctionARN.test(region: "eu-central-1", account: "999999999999")
        #expect(try await run(cloud.scan(roleName: "Spoke"), function).status == .scanned)
        #expect(
            cloud.calls.entries.sorted() == [
                "AssumeRole OWN", "GetFunction SPOKE", "GetFunction SPOKE", "GetSecretValue OWN", "Publish OWN",
                "PutObject OWN", "PutObject OWN", "TagResource SPOKE", "UpdateItem OWN", "UpdateItem OWN", "package -",
            ]
        )
        let environment = try #require(cloud.commands.entries.first).environment.mapValues(\.exposed)
        #expect(environment["AWS_ACCESS_KEY_ID"] == "SPOKE")
        #expect(environment["AWS_SECRET_ACCESS_KEY"] == "spoke-secret")
        #expect(environment["AWS_SESSION_TOKEN"] == "spoke-token")
        #expect(environment["AWS_REGION"] == "eu-central-1")
        #expect(environment["QUALYS_ACCESS_TOKEN"] == "qualys-token")
        #expect(!environment.values.contains { $0.contains("own-") })
    }

    @Test func `At home no token of the environment is handed to QScanner in place of ours`() async throws {
        _ = try await run(cloud.scan())
        let command = try #require(cloud.commands.entries.first)
        #expect(command.environment["AWS_ACCESS_KEY_ID"]?.exposed == "OWN")
        #expect(command.environment["AWS_SESSION_TOKEN"] == nil)
        #expect(!command.arguments.joined().contains("qualys-token"))
        #expect(command.arguments.suffix(2) == ["lambda", FunctionARN.test().description])
    }

    /// Every call that can fail for good, and how many scans its retry begins.
    @Test(arguments: ["GetFunction", "GetSecretValue", "package", "PutObject", "Publish", "TagResource"])
    func `Nothing is lost: what failed is done by the retry of the same event`(_ call: String) async throws {
        let scan = cloud.scan()
        cloud.faults.withLock { $0[call] = HTTPResponse(403, #"{"__type":"AccessDeniedException"}"#) }
        await #expect(throws: (any Error).self) { try await run(scan) }
        #expect(cloud.table.row?["scan_status"] == nil)
        #expect(cloud.table.row?["claim_owner"] == nil, "the claim is given back")

        cloud.faults.withLock { $0[call] = nil }
        #expect(try await run(scan).status == .scanned)
        #expect(cloud.table.row?["scan_status"] == .text("success"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: cloud.folder.path).isEmpty)
    }

    @Test func `A killed scan's claim is taken over by the retry of the same event`() async throws {
        let scan = cloud.scan()
        cloud.table.put(ScanClaim.test(owner: "request-1", code: FakeCloud.packageHash))
        #expect(cloud.table.row?["claim_owner"] == .text("request-1"))
        #expect(try await run(scan, owner: "request-2").status == .inProgress)
        #expect(try await run(scan, owner: "request-1").status == .scanned)
    }

    @Test func `A table that is down does not stop the scan`() async throws {
        cloud.faults.withLock { $0["UpdateItem"] = HTTPResponse(400, #"{"__type":"ResourceNotFoundException"}"#) }
        #expect(try await run(cloud.scan()).status == .scanned)
        #expect(cloud.table.row == nil)
    }

    @Test func `A failure before the claim is tagged, and the retry scans although the code was scanned before`()
        async throws
    {
        let scan = cloud.scan()
        _ = try await run(scan)
        cloud.faults.withLock { $0["GetFunction"] = HTTPResponse(403, #"{"__type":"AccessDeniedException"}"#) }
        await #expect(throws: (any Error).self) { try await run(scan, owner: "request-2") }
        #expect(cloud.calls.entries.suffix(2) == ["UpdateItem OWN", "TagResource OWN"])
        cloud.faults.withLock { $0 = [:] }
        #expect(try await run(scan, owner: "request-2").status == .scanned)
    }

    @Test func `After a failed scan the secret is read anew`() async throws {
        let scan = cloud.scan()
        cloud.secret.withLock { $0 = #"{"qualys_pod":"US2"}"# }
        await #expect(throws: (any Error).self) { try await run(scan) }
        cloud.secret.withLock { $0 = #"{"qualys_pod":"gov1","qualys_access_token":"new-token"}"# }
        #expect(try await run(scan).status == .scanned)
        let command = try #require(cloud.commands.entries.last)
        #expect(command.environment["QUALYS_ACCESS_TOKEN"]?.exposed == "new-token")
        // QScanner does not know the government's platform by its name.
        #expect(command.arguments.prefix(2) == ["--gateway-url", "https://gateway.gov1.qualys.us"])
    }

    @Test func `No secret is in the log, in whatever went wrong`() async throws {
        let scan = cloud.scan(roleName: "Spoke")
        for call in ["GetFunction", "package", "PutObject", "Publish", "TagResource", "UpdateItem", "AssumeRole"] {
            cloud.faults.withLock {
                $0 = [
                    call: HTTPResponse(403, #"{"__type":"Refused","message":"no\nx-amz-security-token:spoke-token"}"#)
                ]
            }
            do {
                _ = try await run(scan, .test(account: "999999999999"))
            } catch {
                book.logger.error("The invocation failed", error: error)
            }
        }
        #expect(book.entries.count > 10)
        for secret in ["qualys-token", "own-secret", "spoke-secret", "spoke-token", "presigned", "Signature="] {
            #expect(!book.text.contains(secret), "\(secret) is in the log")
        }
    }
}
