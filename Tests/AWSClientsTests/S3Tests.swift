import AWSSigning
import HTTPTransport
import Hashing
import Support
import Telemetry
import TestSupport
import Testing

@testable import AWSClients

@Suite struct S3Tests {
    private static let object = S3Client.Object(
        bucket: "bucket",
        key: "scans/1/f/20261121T030045Z.json",
        contentType: "application/json"
    )

    /// An S3 that keeps what it is sent, and does what `answer` says instead, if anything.
    private static func bucket(
        _ answer: @escaping @Sendable (_ request: HTTPRequest, _ number: Int) -> HTTPResponse? = { _, _ in nil }
    ) -> FakeHTTP {
        FakeHTTP { (request: HTTPRequest, number: Int) throws(HTTPError) in
            if let answer = answer(request, number) { return answer }
            switch (request.method, request.url.split(separator: "?").dropFirst().first) {
            case ("POST", "uploads="):
                return HTTPResponse(200, "<R><Bucket>b</Bucket><UploadId>id/+=&lt;1&gt;</UploadId></R>")
            case ("POST", _):
                return HTTPResponse(
                    200,
                    "<CompleteMultipartUploadResult><ETag>\"all\"</ETag></CompleteMultipartUploadResult>"
                )
            case ("PUT", .some):
                return HTTPResponse(200, "", headers: ["ETag": "\"e&\(number)\""])
            case ("DELETE", _): return HTTPResponse(204, "")
            default: return HTTPResponse(200, "", headers: ["ETag": "\"one\""])
            }
        }
    }

    private func upload(_ http: FakeHTTP, _ bytes: Int, _ context: CallContext = .test()) async throws -> Int64 {
        var rest = bytes
        return try await S3Client(.test(http)).upload(Self.object, context) { count in
            let part = min(count, rest)
            rest -= part
            return [UInt8](repeating: UInt8(ascii: "x"), count: part)
        }
    }

    private func calls(_ http: FakeHTTP) -> [String] {
        http.requests.map { request in
            "\(request.method) \(request.url.split(separator: "?").dropFirst().first ?? "") \(request.bodyBytes.count)"
        }
    }

    private static let id = "uploadId=id%2F%2B%3D%3C1%3E"
    private static let part = S3Client.partSize

    @Test(arguments: [0, 1, part - 1])
    func `What is shorter than a part is stored in one call`(_ count: Int) async throws {
        let http = Self.bucket()
        #expect(try await upload(http, count) == Int64(count))
        #expect(calls(http) == ["PUT  \(count)"])
    }

    @Test func `A longer object is stored in parts`() async throws {
        let http = Self.bucket()
        #expect(try await upload(http, 2 * Self.part + 5) == Int64(2 * Self.part + 5))
        #expect(
            calls(http).dropLast() == [
                "POST uploads= 0", "PUT partNumber=1&\(Self.id) \(Self.part)",
                "PUT partNumber=2&\(Self.id) \(Self.part)",
                "PUT partNumber=3&\(Self.id) 5",
            ]
        )
        let joining = try #require(http.requests.last)
        #expect(joining.method == "POST")
        #expect(joining.url.hasSuffix("?\(Self.id)"))
        let texts =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            + (1...3).map { "<Part><PartNumber>\($0)</PartNumber><ETag>&quot;e&amp;\($0 + 1)&quot;</ETag></Part>" }
            .joined()
            + "</CompleteMultipartUpload>"
        #expect(joining.bodyText == texts)
        #expect(http.requests.first?.headers["Content-Type"] == "application/json")
    }

    @Test(arguments: [part, 2 * part])
    func `A whole number of parts has no empty part at its end`(_ count: Int) async throws {
        let http = Self.bucket()
        #expect(try await upload(http, count) == Int64(count))
        #expect(http.requests.count == 2 + count / Self.part)
    }

    @Test func `A part that fails is tried again, and the upload goes on`() async throws {
        let http = Self.bucket { _, number in number == 3 ? HTTPResponse(503, "<E><Code>SlowDown</Code></E>") : nil }
        _ = try await upload(http, 2 * Self.part)
        #expect(http.requests.count == 5)
        #expect(http.requests[2].url == http.requests[3].url)
    }

    @Test func `Parts of an upload that fails are given up, and the error is the first one`() async {
        let http = Self.bucket { request, _ in
            if request.url.contains("partNumber=2") { return HTTPResponse(403, "<E><Code>AccessDenied</Code></E>") }
            return request.method == "DELETE" ? HTTPResponse(404, "<E><Code>NoSuchUpload</Code></E>") : nil
        }
        let error = await #expect(throws: AWSError.self) { try await upload(http, 3 * Self.part) }
        #expect(error?.action == "UploadPart")
        #expect(error?.code == "AccessDenied")
        #expect(calls(http).last == "DELETE \(Self.id) 0")
        #expect(http.requests.count == 4)
    }

    @Test func `Parts are given up when the bytes cannot be read`() async {
        struct Unreadable: Error {}
        let http = Self.bucket()
        var isFirst = true
        await #expect(throws: Unreadable.self) {
            _ = try await S3Client(.test(http)).upload(Self.object, .test()) { count in
                guard isFirst else { throw Unreadable() }
                isFirst = false
                return [UInt8](repeating: 0, count: count)
            }
        }
        #expect(calls(http).last == "DELETE \(Self.id) 0")
    }

    @Test func `A part without an entity tag is an error`() async {
        let http = Self.bucket { request, _ in request.url.contains("partNumber=1") ? HTTPResponse(200, "") : nil }
        let error = await #expect(throws: AWSError.self) { try await upload(http, Self.part) }
        #expect(error?.code == "Answer.Unreadable")
        #expect(calls(http).last == "DELETE \(Self.id) 0")
    }

    @Test(arguments: [
        ("<Error><Code>InternalError</Code><Message>Try again</Message></Error>", "InternalError"),
        ("", "Answer.Unreadable"), (" \n \n", "Answer.Unreadable"), ("<html/>", "Answer.Unreadable"),
    ])
    func `An error inside the 200 of joining the parts is an error`(_ body: String, _ code: String) async {
        let http = Self.bucket { request, _ in
            request.method == "POST" && !request.url.hasSuffix("uploads=") ? HTTPResponse(200, body) : nil
        }
        let error = await #expect(throws: AWSError.self) { try await upload(http, Self.part) }
        #expect(error?.code == code)
        #expect(error?.action == "CompleteMultipartUpload")
        #expect(calls(http).last == "DELETE \(Self.id) 0")
    }

    @Test func `An error inside that 200 that may pass is tried again`() async throws {
        let http = Self.bucket { request, number in
            number == 3 ? HTTPResponse(200, "<Error><Code>InternalError</Code></Error>") : nil
        }
        #expect(try await upload(http, Self.part) == Int64(Self.part))
        #expect(calls(http).map { $0.prefix(4) } == ["POST", "PUT ", "POST", "POST"])
    }

    @Test func `A key is encoded once, its slashes kept, and the payload is signed`() async throws {
        let http = Self.bucket()
        let key = "a b/ü+/../x?y=&z#%41"
        let object = S3Client.Object(
            bucket: "my.bucket",
            key: key,
            contentType: "text/plain",
            metadata: [(name: "run", value: "1")]
        )
        try await S3Client(.test(http)).put(object, Array("body".utf8), .test())
        let sent = try #require(http.requests.first)
        #expect(sent.url == "https://s3.eu-west-1.amazonaws.com/my.bucket/a%20b/%C3%BC%2B/../x%3Fy%3D%26z%23%2541")
        #expect(sent.headers["x-amz-meta-run"] == "1")
        #expect(sent.headers["X-Amz-Content-SHA256"] == hexText(SHA256.digest(Array("body".utf8))))
    }

    @Test func `A file is sent from the disk with the hash that was given`() async throws {
        let http = Self.bucket()
        let client = S3Client(.test(http))
        try await client.put(Self.object, file: "/tmp/x", byteCount: 9, sha256: "00ff", .test())
        let sent = try #require(http.requests.first)
        guard case .file(path: "/tmp/x", offset: 0, count: 9) = sent.body else {
            Issue.record("The body is not the file: \(sent.body)")
            return
        }
        #expect(sent.headers["X-Amz-Content-SHA256"] == "00ff")
        #expect(sent.url == "https://bucket.s3.eu-west-1.amazonaws.com/scans/1/f/20261121T030045Z.json")
    }

    @Test func `A bucket that may not be used says so by its status, for HEAD has no body`() async {
        let http = FakeHTTP([.answer(403)])
        let error = await #expect(throws: AWSError.self) {
            try await S3Client(.test(http)).checkBucket("bucket", .test())
        }
        #expect(error?.code == "HTTP403")
        #expect(http.requests.first?.method == "HEAD")
        #expect(http.requests.first?.url == "https://bucket.s3.eu-west-1.amazonaws.com")
    }
}
