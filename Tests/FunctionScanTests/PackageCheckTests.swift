import AWSClients
import Foundation
import HTTPTransport
import Hashing
import Support
import Telemetry
import TestSupport
import Testing

@testable import FunctionScan

@Suite struct PackageCheckTests {
    private static let package = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
    private static let hash = Data(SHA256.digest(package)).base64EncodedString()
    private static let whole = Result<HTTPResponse, HTTPError>.success(HTTPResponse(status: 200, body: package))

    private func check(
        _ http: FakeHTTP,
        _ function: FunctionDescription = .test(code: hash),
        clock: FakeClock = FakeClock(),
        within time: Duration = .seconds(60)
    ) async -> PackageError? {
        do {
            try await PackageCheck(http: http.client, clock: clock.clock, random: { 0.5 }).run(function, .test(time))
            return nil
        } catch {
            return error
        }
    }

    @Test func `A package with the function's hash is the one, and no credentials are sent for it`() async {
        let http = FakeHTTP([Self.whole])
        #expect(await check(http) == nil)
        #expect(http.requests.map(\.url) == ["https://packages.example/web?X-Amz-Signature=presigned"])
        #expect(http.requests.first?.headers.fields.isEmpty == true)
        #expect(http.requests.first?.limits.total == .seconds(60))
    }

    @Test(arguments: [[UInt8]([1, 2, 3]), Array(package.dropLast()), package + [0], []])
    func `Any other package is refused, and not fetched again`(_ bytes: [UInt8]) async {
        let http = FakeHTTP([.success(HTTPResponse(status: 200, body: bytes))])
        #expect(await check(http)?.label == "Package.HashMismatch")
        #expect(http.requests.count == 1)
    }

    @Test func `A lost connection is ridden out, and the hash begins anew`() async {
        let http = FakeHTTP([.failed(.dropped), .answer(503), .failed(.timeout), Self.whole])
        #expect(await check(http) == nil)
        #expect(http.requests.count == 4)
    }

    @Test func `A connection lost amid the package leaves nothing in the hash`() async {
        let attempts = Journal<Int>()
        let client = HTTPClient { (_: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            guard case .stream(let take) = sink else { throw .fake(.other) }
            let isFirst = attempts.write(1) == 1
            do {
                try (isFirst ? Array(Self.package.prefix(70_000)) : Self.package).withUnsafeBytes(take)
            } catch {
                throw .fake(.sink)
            }
            if isFirst { throw .fake(.dropped) }
            return HTTPResponse(status: 200)
        }
        await #expect(throws: Never.self) {
            try await PackageCheck(http: client, clock: FakeClock().clock).run(.test(code: Self.hash), .test())
        }
    }

    @Test(arguments: [400, 403, 404])
    func `An address that is refused is not tried again`(_ status: Int) async {
        let http = FakeHTTP([.answer(status, "<Error><Code>AccessDenied</Code></Error>"), Self.whole])
        let error = await check(http)
        #expect(error?.label == "Package.Refused")
        #expect(error?.description == "The address of the function's package answered HTTP \(status).")
        #expect(http.requests.count == 1)
    }

    @Test func `A package that Lambda could not have is too large, and the transfer ends there`() async {
        let pieces = Journal<Int>()
        let piece = [UInt8](repeating: 0, count: 8 << 20)
        let client = HTTPClient { (_: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            guard case .stream(let take) = sink else { throw .fake(.other) }
            do {
                while pieces.write(1) < 1000 { try piece.withUnsafeBytes(take) }
            } catch {
                throw .fake(.sink)
            }
            return HTTPResponse(status: 200)
        }
        let error = await #expect(throws: PackageError.self) {
            try await PackageCheck(http: client, clock: FakeClock().clock).run(.test(), .test())
        }
        #expect(error?.label == "Package.TooLarge")
        #expect(pieces.entries.count < 50)
    }

    @Test func `An image has no package to check`() async {
        let http = FakeHTTP([.answer(500)])
        #expect(await check(http, .test(isImage: true)) == nil)
        #expect(http.requests.isEmpty)
    }

    @Test func `A zip function without an address was not checked, and says so`() async {
        let http = FakeHTTP([])
        var function = FunctionDescription.test(code: Self.hash)
        function.packageLocation = nil
        #expect(await check(http, function)?.label == "Package.NoAddress")
        #expect(http.requests.isEmpty)
    }

    @Test func `The attempts end with the deadline`() async {
        let http = FakeHTTP([.failed(.dropped)])
        #expect(await check(http, within: .milliseconds(40))?.label == "Package.dropped")
        #expect(http.requests.count == 1)
    }

    @Test func `No error shows the presigned address`() async {
        for answer in [Result.failed(.tls), .failed(.invalidRequest), .answer(403, "presigned")] {
            let error = await check(FakeHTTP([answer]))
            #expect(error?.description.contains("presigned") == false)
        }
    }
}
