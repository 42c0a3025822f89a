import HTTPTransport
import Jobs
import Support
import TestSupport
import Testing

@testable import HostDetections

@Suite("The first batch, which is asked for while the list still comes")
struct EarlyPullTests {
    /// Answers lists with these ids, and detections of whatever is asked for.
    private func http(_ ids: [Int]) -> FakeHTTP {
        FakeHTTP { request, _ throws(HTTPError) in
            if request.url.contains("about.php") { return HTTPResponse(200, "<ABOUT></ABOUT>") }
            guard request.url.contains("/vm/detection") else {
                let set = ids.map { "<ID>\($0)</ID>" }.joined()
                let list = "<HOST_LIST_OUTPUT><RESPONSE><ID_SET>\(set)</ID_SET></RESPONSE></HOST_LIST_OUTPUT>"
                return HTTPResponse(200, list)
            }
            let asked = request.bodyText.split(separator: "&").first { $0.hasPrefix("ids=") }?.dropFirst(4) ?? ""
            let hosts = asked.split(separator: ",").map { "<HOST><ID>\($0)</ID></HOST>" }.joined()
            let root = "HOST_LIST_VM_DETECTION_OUTPUT"
            return HTTPResponse(200, "<\(root)><RESPONSE><HOST_LIST>\(hosts)</HOST_LIST></RESPONSE></\(root)>")
        }
    }

    @Test(
        "Every host is asked for as if it had been known before",
        arguments: [[1, 2, 3, 4, 5], [1, 2, 3], [5, 4, 3, 2, 1], [2, 3, 4, 1, 5], [1, 2], []]
    )
    func every(ids: [Int]) async throws {
        let http = http(ids)
        let fake = try FakeRun(http: http.client)
        let parameters = try HostDetectionsParameters(JobParameters(["batch_size": .number(2)]))
        let answer = try await HostDetections(fake.services).run(parameters, owner: "owner", .test())
        let count = Dictionary(uniqueKeysWithValues: answer.counts.map { ($0.name, $0.value) })
        #expect(count["hosts"] == ids.count && count["answered"] == ids.count)
        #expect(count["batches"] == (ids.count + 1) / 2)
        let asked = http.requests.filter { $0.url.contains("/vm/detection") }.count
        // In ascending order nothing is asked for twice.
        if ids == ids.sorted() { #expect(asked == (ids.count + 1) / 2) }
    }

    @Test("One that fails is a batch that failed, and the others are there")
    func failure() async throws {
        let fine = http([1, 2, 3, 4, 5])
        let http = FakeHTTP { request, number throws(HTTPError) in
            if request.bodyText.contains("ids=1,2") { return HTTPResponse(403, "") }
            return try fine.answered(request, number)
        }
        let fake = try FakeRun(http: http.client)
        let parameters = try HostDetectionsParameters(JobParameters(["batch_size": .number(2)]))
        let error = await #expect(throws: JobError.self) {
            try await HostDetections(fake.services).run(parameters, owner: "owner", .test())
        }
        #expect(error?.outcome == .partial && error?.missing.map(\.id) == ["batch 1, hosts 1-2"])
    }

    @Test("It is ended when the list makes another first batch, and only then")
    func ended() async throws {
        let (called, cancelled) = (Journal<String>(), Journal<String>())
        let http = HTTPClient { (request: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            defer { if case .channel(let channel) = sink { channel.finish(isWhole: false) } }
            called.write(request.url)
            await untilCancelled()
            cancelled.write(request.url)
            throw .fake(.cancelled)
        }
        let fake = try FakeRun(http: http)
        let puller = BatchPull(
            services: fake.services,
            parameters: HostDetectionsParameters(),
            run: "20261121T030045Z",
            processedAfter: FakeClock.start,
            base: "https://api.example.test"
        )
        let early = EarlyPull(puller, .test())
        let batches = HostSet(ids: IDRanges([1, 2, 3])).batches(of: 2)
        early.begin(batches[0])
        let work = batches.map { Work(number: 1, kind: .detections, batch: $0) }
        while called.entries.isEmpty { await Task.yield() }
        await early.end(unless: work[0])
        #expect(cancelled.entries.isEmpty)
        #expect(try await early.result(of: work[1]) == nil)
        await early.end(unless: work[1])
        #expect(cancelled.entries.count == 1)
        await #expect(throws: (any Error).self) { try await early.result(of: work[0]) }
    }
}
