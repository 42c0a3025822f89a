import AWSClients
import AWSSigning
import Files
import HTTPTransport
import Support
import Synchronization
import Telemetry
import TestSupport
import Testing

@testable import Jobs

@Suite("A job's state in a file")
struct FileStateTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/deep/er/job.json" }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("What one run leaves the next one finds")
    func keeps() async throws {
        let first = JobStateStore.file(path)
        #expect(try await first.begin("a", .test()) == .mine(nil))
        try await first.save("a", Array("1".utf8), .test())
        try await first.end("a", Array("2".utf8), .test())
        #expect(try await JobStateStore.file(path).begin("b", .test()) == .mine(Array("2".utf8)))
    }

    @Test("Its place is the file")
    func place() {
        #expect(JobStateStore.file(path).place == path)
    }

    @Test("A second run at the same time is told that there is one, and gets the job when that ends")
    func lock() async throws {
        let (first, second) = (JobStateStore.file(path), JobStateStore.file(path))
        _ = try await first.begin("a", .test())
        #expect(try await second.begin("b", .test()) == .busy(until: nil))
        try await first.end("a", nil, .test())
        #expect(try await second.begin("b", .test()) == .mine(nil))
    }

    @Test("A folder that cannot be made is told by its name")
    func unwritable() async throws {
        let file = try folder.write("file", Array("x".utf8))
        await #expect(throws: (any Error).self) {
            try await JobStateStore.file("\(file)/state/job.json").begin("a", .test())
        }
    }
}

@Suite("A job's state when the work is cancelled")
struct CancelledStateTests {
    @Test("It is saved and given back all the same, as it is when somebody leaves with Ctrl-C")
    func saves() async throws {
        let saved = Journal<String>()
        let store = JobStateStore(
            place: "the memory",
            begin: { _, _ in .mine(nil) },
            save: { owner, _, _ in
                try Task.checkCancellation()
                saved.write("save \(owner)")
            },
            end: { owner, _, _ in
                try Task.checkCancellation()
                saved.write("end \(owner)")
            }
        )
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await store.save("a", [], .test())
            try await store.end("a", nil, .test())
        }
        task.cancel()
        try await task.value
        #expect(saved.entries == ["save a", "end a"])
    }
}

@Suite("A job's state in a row")
struct DynamoDBStateTests {
    private func store(_ http: FakeHTTP) -> JobStateStore {
        let caller = AWSCaller(
            region: "eu-west-1",
            credentials: .fixed(AWSCredentials(accessKeyID: "AKID", secretAccessKey: Redacted("secret"))),
            endpoints: AWSEndpoints(environment: [:]),
            http: http.client,
            clock: FakeClock().clock
        )
        return .dynamoDB(
            table: "cache",
            key: "job#was-export#bucket/",
            client: DynamoDBClient(caller),
            clock: FakeClock().clock
        )
    }

    private static let refused = #"{"__type":"x#ConditionalCheckFailedException","Item":"#

    @Test("The row is claimed until the deadline, under the owner, and read")
    func begins() async throws {
        let http = FakeHTTP([.answer(200, "{}"), .answer(200, #"{"Item":{"state":{"S":"{\"a\":1}"}}}"#)])
        let opening = try await store(http).begin("request-1", .test(.seconds(600)))
        #expect(opening == .mine(Array(#"{"a":1}"#.utf8)))
        let claim = try JSON(http.requests[0].bodyBytes)
        #expect(claim["Key"] == ["function_arn": ["S": "job#was-export#bucket/"]])
        #expect(claim["ExpressionAttributeValues"]?[":owner"] == ["S": "request-1"])
        let expires = FakeClock.start.seconds + 601
        #expect(claim["ExpressionAttributeValues"]?[":expires"] == ["N": .text("\(expires)")])
    }

    @Test("Its place is the row and its table")
    func place() {
        #expect(store(FakeHTTP([])).place == "the row job#was-export#bucket/ of the table cache")
    }

    @Test("A live claim of another run is respected, with its end")
    func busy() async throws {
        let answer = Self.refused + #"{"claim_owner":{"S":"b"},"claim_expires":{"N":"1800000000"}}}"#
        let opening = try await store(FakeHTTP([.answer(400, answer)])).begin("a", .test())
        #expect(opening == .busy(until: Timestamp(seconds: 1_800_000_000)))
    }

    @Test("A run whose claim was taken over does not write over what the other one does")
    func lost() async throws {
        let http = FakeHTTP([.answer(400, Self.refused + #"{"claim_owner":{"S":"b"}}}"#)])
        await #expect(throws: JobStateError.lost) { try await store(http).save("a", [], .test()) }
        await #expect(throws: JobStateError.lost) { try await store(http).end("a", [], .test()) }
    }

    @Test("Giving the job back twice, because the first answer was lost, is no failure")
    func givenBack() async throws {
        let http = FakeHTTP([.answer(400, Self.refused + #"{"state":{"S":"done"}}}"#)])
        try await store(http).end("a", Array("done".utf8), .test())
    }

    @Test("A state that no row can hold is refused before it is sent")
    func tooLarge() async throws {
        let http = FakeHTTP([.answer(200, "{}")])
        let state = [UInt8](repeating: 0x20, count: 400_000)
        await #expect(throws: JobStateError.tooLarge(400_000)) { try await store(http).save("a", state, .test()) }
        #expect(http.requests.isEmpty)
    }
}

@Suite("A job's state in an object")
struct ObjectStateTests {
    private final class Bucket: Sendable {
        private let kept = Mutex<[String: [UInt8]]>([:])

        var objects: [String: [UInt8]] { kept.withLock { $0 } }

        func put(_ key: String, _ bytes: [UInt8]) { kept.withLock { $0[key] = bytes } }
    }

    private let bucket = Bucket()
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func store(get status: Int = 200) -> JobStateStore {
        let bucket = bucket
        let refusal = AWSError(service: .s3, action: "GetObject", status: status, code: "X", message: "")
        let output = JobOutput(
            base: "s3://bucket/prefix/",
            put: { object, content, _ in
                guard case .bytes(let bytes) = content else { throw CancellationError() }
                bucket.put(object.key, bytes)
                return StoredObject(key: object.key, bytes: content.byteCount, sha256: content.sha256)
            },
            get: { key, path, _ in
                guard status == 200 else { throw refusal }
                guard let bytes = bucket.objects[key] else { return false }
                let file = try AtomicFile(path: path, limit: .max)
                try file.append(bytes)
                _ = try file.commit()
                return true
            }
        )
        return .object(.wasExport, in: output, scratch: folder.path)
    }

    @Test("What one run leaves the next one finds, beside the output; nothing is left of the way there")
    func keeps() async throws {
        let first = store()
        #expect(try await first.begin("a", .test()) == .mine(nil))
        try await first.save("a", Array("1".utf8), .test())
        #expect(try await store().begin("b", .test()) == .mine(Array("1".utf8)))
        try await first.end("a", nil, .test())
        #expect(bucket.objects == ["state/was-export.json": Array("1".utf8)])
        try await first.end("a", Array("2".utf8), .test())
        #expect(try await store().begin("b", .test()) == .mine(Array("2".utf8)))
        #expect(try names(inFolder: folder.path).isEmpty)
    }

    @Test("Its place is the object's address")
    func place() {
        #expect(store().place == "s3://bucket/prefix/state/was-export.json")
    }

    @Test("What may not be read is taken for not there, as S3 says it; any other failure is one")
    func unreadable() async throws {
        #expect(try await store(get: 403).begin("a", .test()) == .mine(nil))
        await #expect(throws: AWSError.self) { try await store(get: 500).begin("a", .test()) }
    }
}
