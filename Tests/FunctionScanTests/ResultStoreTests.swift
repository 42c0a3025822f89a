import AWSClients
import AWSSigning
import HTTPTransport
import QScanner
import Support
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import FunctionScan

@Suite struct ResultStoreTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A bucket that keeps whole objects by key.
    private final class Bucket: Sendable {
        private let state = Mutex((parts: [String: [UInt8]](), objects: [String: [UInt8]]()))
        let refusal: String?

        init(refusing key: String? = nil) {
            refusal = key
        }

        var objects: [String: [UInt8]] { state.withLock(\.objects) }

        func store() -> ResultStore {
            let http = FakeHTTP { [self] (request: HTTPRequest, _: Int) throws(HTTPError) in answer(request) }
            let caller = AWSCaller(
                region: "eu-west-1",
                credentials: .fixed(AWSCredentials(accessKeyID: "A", secretAccessKey: Redacted("s"))),
                endpoints: AWSEndpoints(environment: [:]),
                http: http.client,
                clock: FakeClock().clock
            )
            return ResultStore(bucket: "results", client: S3Client(caller))
        }

        private func answer(_ request: HTTPRequest) -> HTTPResponse {
            let parts = request.url.split(separator: "?")
            let key = String(parts[0].dropFirst("https://results.s3.eu-west-1.amazonaws.com/".count))
            if let refusal, key.hasSuffix(refusal) { return HTTPResponse(403, "<E><Code>AccessDenied</Code></E>") }
            return state.withLock { state in
                switch (request.method, parts.dropFirst().first) {
                case ("PUT", nil):
                    state.objects[key] = request.bodyBytes
                case ("PUT", .some):
                    state.parts[key, default: []] += request.bodyBytes
                case ("POST", "uploads="):
                    return HTTPResponse(200, "<R><UploadId>1</UploadId></R>")
                case ("POST", .some):
                    state.objects[key] = state.parts[key]
                    return HTTPResponse(200, "<R><ETag>e</ETag></R>")
                default:
                    state.parts[key] = nil
                }
                return HTTPResponse(200, "", headers: ["ETag": "e"])
            }
        }
    }

    private func file(_ kind: ResultFile.Kind, _ text: String) throws -> ResultFile {
        let path = try folder.write("x-\(kind.rawValue)", text.utf8)
        return ResultFile(kind: kind, path: path, bytes: text.utf8.count)
    }

    private static let base = "scans/123456789012/eu-west-1/web/20261121T030045Z"

    @Test func `The document has the scan and QScanner's result, and the other files lie beside it`() async throws {
        var report = ScanReport.test
        report.notes = ["A \"note\"."]
        report.files = [
            try file(.sarif, #"{"runs":[]}"#), try file(.scanResult, " {\"SchemaVersion\": 5, \"A\": [1, null]} \n"),
            try file(.spdx, #"{"spdxVersion":"2.3"}"#),
        ]
        let bucket = Bucket()
        let scan = FinishedScan.test(report, results: nil)
        #expect(try await bucket.store().store(scan, .test()) == "s3://results/\(Self.base).json")
        #expect(
            Set(bucket.objects.keys) == [
                "\(Self.base).json", "\(Self.base)/Report.sarif.json", "\(Self.base)/ScanResult.spdx.json",
            ]
        )
        #expect(
            try JSON(try #require(bucket.objects["\(Self.base).json"])) == [
                "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:web",
                "function_name": "web",
                "account_id": "123456789012",
                "region": "eu-west-1",
                "package_type": "Zip",
                "runtime": "python3.13",
                "image_uri": "ecr/web:1",
                "code_sha256": "code-1",
                "layers_sha256": .text(scan.code.layersSHA256),
                "scan_timestamp": "2026-11-21T03:00:45Z",
                "scan_status": "success",
                "exit_code": 0,
                "duration_seconds": 1.5,
                "qualys_scan_tag": "1763622437",
                "vulnerabilities": ["critical": 1, "high": 0, "medium": 2, "low": 0, "info": 0],
                "secrets_found": 3,
                "notes": ["A \"note\"."],
                "scan_result": ["SchemaVersion": 5, "A": [1, nil]],
            ]
        )
        #expect(try JSON(try #require(bucket.objects["\(Self.base)/Report.sarif.json"])) == ["runs": []])
    }

    @Test func `A scan without files has a document all the same, with null for what is not known`() async throws {
        let bucket = Bucket()
        _ = try await bucket.store().store(.test(.unknown, results: nil), .test())
        let document = try JSON(try #require(bucket.objects["\(Self.base).json"]))
        #expect(bucket.objects.count == 1)
        #expect(document["vulnerabilities"] == .null)
        #expect(document["secrets_found"] == .null)
        #expect(document["scan_status"] == "partial")
        #expect(document["exit_code"] == 40)
        #expect(document["scan_result"] == nil)
        #expect(document["qualys_scan_tag"] == nil)
    }

    @Test func `A large result goes through in parts, whole and without its secrets`() async throws {
        let text = String(repeating: "x", count: 100_000)
        let element =
            "{\"Name\":\"p\",\"Match\":\"AKIA-FOUND\",\"Text\":\"the hunter2-token is here\",\"X\":\"\(text)\"},"
        let count = S3Client.partSize / element.utf8.count + 1
        var report = ScanReport.test
        report.files = [
            try file(.scanResult, "{\"Packages\":[" + String(repeating: element, count: count) + "{}]}")
        ]
        report.redaction = JSONRedactor.Rules(
            replacements: ["match": "\"[redacted]\""],
            secrets: [Redacted("hunter2-token")]
        )
        let bucket = Bucket()
        _ = try await bucket.store().store(.test(report), .test())
        let bytes = try #require(bucket.objects["\(Self.base).json"])
        #expect(bytes.count > S3Client.partSize)
        #expect(!bytes.contains(Array("AKIA-FOUND".utf8)))
        #expect(!bytes.contains(Array("hunter2-token".utf8)))
        guard case .array(let packages) = try JSON(bytes)["scan_result"]?["Packages"] else {
            Issue.record("The packages are not there")
            return
        }
        #expect(packages.count == count + 1)
        let clean: JSON = ["Name": "p", "Match": "[redacted]", "Text": "the [redacted] is here", "X": .text(text)]
        #expect(packages.allSatisfy { $0 == clean || $0 == [:] })
    }

    @Test(arguments: ["{\"a\": ", "", "{} {}", "not JSON", "{\"a\":\"\u{1}\"}"])
    func `A broken file is an error, and no document is left`(_ text: String) async throws {
        var report = ScanReport.test
        report.files = [try file(.scanResult, text)]
        let bucket = Bucket()
        let error = await #expect(throws: ResultFileError.self) {
            try await bucket.store().store(.test(report), .test())
        }
        #expect(error?.label == "Results.Broken")
        #expect(bucket.objects.isEmpty)
    }

    @Test func `A file that is gone, or a link, is an error`() async throws {
        let target = try folder.write("target", "{}".utf8)
        try folder.link("link", to: target)
        for path in ["\(folder.path)/missing", "\(folder.path)/link"] {
            var report = ScanReport.test
            report.files = [ResultFile(kind: .sarif, path: path, bytes: 2)]
            let error = await #expect(throws: ResultFileError.self) {
                try await Bucket().store().store(.test(report), .test())
            }
            #expect(error?.label == "Results.Unreadable")
        }
    }

    @Test(arguments: [".json", "Report.sarif.json"])
    func `A refused upload is an error`(_ key: String) async throws {
        var report = ScanReport.test
        report.files = [try file(.sarif, "{}")]
        let bucket = Bucket(refusing: key)
        await #expect(throws: AWSError.self) { try await bucket.store().store(.test(report), .test()) }
    }
}

@Suite struct RedactedFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: [1, 7, 100, 4096, 1 << 20])
    func `The pieces are as long as asked for, whatever is asked for`(_ count: Int) throws {
        let text = "[" + String(repeating: "\"x\",", count: 500) + "1]"
        var file = try RedactedFile(
            path: try folder.write("f", text.utf8),
            rules: JSONRedactor.Rules(),
            before: Array("<".utf8),
            after: Array(">".utf8)
        )
        var pieces: [[UInt8]] = []
        repeat { pieces.append(try file.next(count)) } while pieces.last?.count == count
        #expect(pieces.dropLast().allSatisfy { $0.count == count })
        #expect(String(decoding: pieces.joined(), as: UTF8.self) == "<\(text)>")
        #expect(try file.next(count).isEmpty)
    }
}

@Suite struct ScratchFoldersTests {
    @Test func `A folder is the scan's own, and goes with all that is in it`() throws {
        let parent = try TemporaryFolder()
        let names = Journal<Int>()
        let folders = ScratchFolders(root: "\(parent.path)/scans") { "scan-\(names.write(0))" }
        let first = try folders.make()
        let second = try folders.make()
        #expect(first.path == "\(parent.path)/scans/scan-1")
        #expect(second.path == "\(parent.path)/scans/scan-2")
        #expect(TemporaryFolder.mode(first.path) == 0o700)
        folders.remove(first)
        #expect(TemporaryFolder.mode(first.path) == nil)
        #expect(TemporaryFolder.mode(second.path) != nil)
        folders.removeLeftovers()
        #expect(TemporaryFolder.mode("\(parent.path)/scans") == nil)
    }

    @Test func `A folder that cannot be made is an error that says so`() throws {
        let parent = try TemporaryFolder()
        let file = try parent.write("file", [])
        let error = #expect(throws: ScratchError.self) { try ScratchFolders(root: file).make() }
        #expect(error?.label == "Scratch.Unwritable")
    }
}
