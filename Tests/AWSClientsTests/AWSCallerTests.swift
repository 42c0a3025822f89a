import AWSSigning
import HTTPTransport
import Support
import Telemetry
import TestSupport
import Testing

@testable import AWSClients

@Suite struct AWSCallerTests {
    private static let request = AWSRequest(service: .dynamoDB, action: "UpdateItem", body: .bytes(Array("{}".utf8)))

    private func failure(
        _ caller: AWSCaller,
        _ request: AWSRequest = request,
        _ context: CallContext = .test()
    ) async -> AWSError? {
        do {
            _ = try await caller.send(request, context)
            return nil
        } catch {
            return error
        }
    }

    // MARK: What is tried again

    static let throttlingCodes = [
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException", "TransactionInProgressException",
    ]

    @Test(
        arguments: throttlingCodes + ["InternalError", "InternalServerError", "RequestTimeout", "ServiceUnavailable"]
    )
    func `A throttled or passing error is ridden out`(_ code: String) async throws {
        let http = FakeHTTP([
            .answer(400, #"{"__type":"\#(code)"}"#), .answer(400, "<E><Code>\(code)</Code></E>"), .answer(200, "done"),
        ])
        let clock = FakeClock()
        let answer = try await AWSCaller.test(http, clock).send(Self.request, .test())
        #expect(String(decoding: answer.body, as: UTF8.self) == "done")
        #expect(http.requests.count == 3)
        #expect(clock.pauses == [.milliseconds(50), .milliseconds(100)])
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func `A status of throttling or of a passing fault is tried eight times`(_ status: Int) async {
        let http = FakeHTTP([.answer(status)])
        let clock = FakeClock()
        let error = await failure(.test(http, clock))
        #expect(error?.status == status)
        #expect(http.requests.count == 8)
        #expect(clock.pauses == [50, 100, 200, 400, 800, 1600, 3200].map { .milliseconds($0) })
    }

    @Test(arguments: [HTTPError.Reason.dropped, .connect, .resolve, .timeout, .other])
    func `A lost connection is ridden out`(_ reason: HTTPError.Reason) async throws {
        let http = FakeHTTP([.failed(reason), .failed(reason), .answer(200)])
        _ = try await AWSCaller.test(http).send(Self.request, .test())
        #expect(http.requests.count == 3)
    }

    @Test(arguments: [HTTPError.Reason.tls, .invalidRequest, .tooLarge, .sink, .cancelled])
    func `A transfer that would fail again is not repeated`(_ reason: HTTPError.Reason) async {
        let http = FakeHTTP([.failed(reason), .answer(200)])
        #expect(await failure(.test(http))?.code == "Transport.\(reason)")
        #expect(http.requests.count == 1)
    }

    @Test(arguments: [
        (301, "PermanentRedirect"), (400, "ValidationException"), (400, "ConditionalCheckFailedException"),
        (403, "AccessDenied"), (403, "SignatureDoesNotMatch"), (404, "ResourceNotFoundException"),
        (409, "ResourceInUseException"), (413, "EntityTooLarge"), (501, "NotImplemented"),
    ])
    func `An error that stays is not repeated`(_ status: Int, _ code: String) async {
        let http = FakeHTTP([.answer(status, #"{"__type":"\#(code)"}"#)])
        #expect(await failure(.test(http))?.code == code)
        #expect(http.requests.count == 1)
    }

    // MARK: How long

    static let waits: [(header: String, value: String, pause: Duration)] = [
        ("Retry-After", "3", .seconds(3)), ("retry-after", "3600", .seconds(30)),
        ("Retry-After", "0", .milliseconds(50)), ("Retry-After", "-5", .milliseconds(50)),
        ("Retry-After", "9223372036854775807", .seconds(30)), ("Retry-After", "", .milliseconds(50)),
        ("Retry-After", "99999999999999999999", .milliseconds(50)),
        ("Retry-After", "Fri, 20 Nov 2026 00:00:00 GMT", .milliseconds(50)),
        ("x-amz-retry-after", "1500", .milliseconds(1500)), ("x-amz-retry-after", "99999999999", .seconds(30)),
    ]

    @Test(arguments: waits)
    func `A server's wait is honoured up to half a minute`(
        _ header: String,
        _ value: String,
        _ pause: Duration
    ) async throws {
        var headers = HTTPHeaders()
        headers.add(header, value)
        let http = FakeHTTP([.answer(503, headers: headers), .answer(200)])
        let clock = FakeClock()
        _ = try await AWSCaller.test(http, clock).send(Self.request, .test())
        #expect(clock.pauses == [pause])
    }

    @Test func `No pause begins that would end after the deadline`() async {
        let http = FakeHTTP([.answer(503)])
        let clock = FakeClock()
        let error = await failure(.test(http, clock), Self.request, .test(.milliseconds(100)))
        #expect(error?.status == 503)
        #expect(http.requests.count == 2)
        #expect(clock.pauses == [.milliseconds(50)])
    }

    @Test func `After the deadline nothing is sent`() async {
        let http = FakeHTTP([.answer(200)])
        let error = await failure(.test(http), Self.request, .test(.zero))
        #expect(error?.label == "Deadline.Passed")
        #expect(http.requests.isEmpty)
    }

    @Test func `A transfer may take what is left of the time`() async throws {
        let http = FakeHTTP([.answer(503), .answer(200)])
        _ = try await AWSCaller.test(http).send(Self.request, .test(.seconds(3)))
        #expect(http.requests.map(\.limits.total) == [.seconds(3), .milliseconds(2950)])
        #expect(http.requests.map(\.limits.connect) == [.seconds(3), .milliseconds(2950)])
        #expect(http.requests.map(\.limits.idle) == [.seconds(15), .seconds(15)])
    }

    // MARK: Credentials

    @Test func `Each attempt has its own signature`() async throws {
        let http = FakeHTTP([.answer(503, headers: ["Retry-After": "20"]), .answer(200)])
        _ = try await AWSCaller.test(http).send(Self.request, .test())
        #expect(http.requests.map { $0.headers["X-Amz-Date"] } == ["20261121T030045Z", "20261121T030105Z"])
        #expect(http.requests.map { $0.headers["X-Amz-Security-Token"] } == ["session-token-1", "session-token-1"])
        #expect(Set(http.requests.compactMap { $0.headers["Authorization"] }).count == 2)
    }

    @Test(arguments: ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"])
    func `Credentials that were refused as expired are fetched anew`(_ code: String) async throws {
        let http = FakeHTTP([.answer(403, #"{"__type":"\#(code)"}"#), .answer(200)])
        let loads = Journal<Int>()
        let cache = CredentialCache { _ in .numbered(loads.write(0)) }
        _ = try await AWSCaller.test(http, credentials: cache.source).send(Self.request, .test())
        #expect(http.requests.map(\.signedBy) == ["AKID1", "AKID2"])
    }

    @Test func `Expired credentials that nothing can renew end the call`() async {
        let http = FakeHTTP([.answer(403, #"{"__type":"ExpiredTokenException"}"#)])
        #expect(await failure(.test(http))?.code == "ExpiredTokenException")
        #expect(http.requests.count == 1)
    }

    @Test func `Without credentials nothing is sent`() async {
        let http = FakeHTTP([.answer(200)])
        let none = CredentialSource(
            get: { _ throws(CredentialError) in
                throw CredentialError(label: "Credentials.Missing", description: "None.")
            },
            forget: { _ in false }
        )
        let error = await failure(.test(http, credentials: none))
        #expect(error?.label == "Credentials.Missing")
        #expect(http.requests.isEmpty)
    }

    // MARK: What is sent

    @Test func `A request goes to its region's endpoint, signed for the host that libcurl sends`() async throws {
        let http = FakeHTTP([.answer(200)])
        let caller = AWSCaller.test(http).inRegion("cn-north-1")
        var request = AWSRequest(service: .lambda, action: "A", method: "GET", path: "/x%3Ay", query: "a=b")
        request.headers = [(name: "X-Own", value: "1")]
        _ = try await caller.send(request, .test())
        let sent = try #require(http.requests.first)
        #expect(sent.url == "https://lambda.cn-north-1.amazonaws.com.cn/x%3Ay?a=b")
        #expect(sent.headers["Host"] == nil)
        #expect(sent.headers["X-Own"] == "1")
        let authorization = try #require(sent.headers["Authorization"])
        #expect(authorization.contains("/20261121/cn-north-1/lambda/aws4_request"))
        #expect(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token;x-own"))
    }

    @Test func `An endpoint's base path stands before the path`() async throws {
        let http = FakeHTTP([.answer(200)])
        let environment = ["AWS_ENDPOINT_URL": "http://127.0.0.1:4566/base/"]
        _ = try await AWSCaller.test(http, environment: environment).send(Self.request, .test())
        #expect(http.requests.map(\.url) == ["http://127.0.0.1:4566/base/"])
    }

    @Test func `No error and no log line holds a key, a token or a signature`() async {
        let book = LogBook()
        let context = CallContext(deadline: Deadline(FakeClock.start + .seconds(9)), log: book.logger)
        let http = FakeHTTP { (request: HTTPRequest, _: Int) throws(HTTPError) in
            // What AWS says to a signature that it cannot follow.
            let headers = request.headers.fields.map { "\($0.name.lowercased()):\($0.value)" }.joined(separator: "\\n")
            return HTTPResponse(
                403,
                #"{"__type":"SignatureDoesNotMatch","message":"It does not match.\n\n\#(headers)"}"#
            )
        }
        let error = await failure(.test(http), Self.request, context)
        for text in [error?.description ?? "", book.text] {
            #expect(text.contains("SignatureDoesNotMatch"))
            #expect(!text.contains("session-token-1"))
            #expect(!text.contains("secret-key-1"))
            #expect(!text.contains("Signature="))
        }
    }
}
