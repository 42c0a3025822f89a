import AWSClients
import FunctionScan
import Jobs
import Support
import TestSupport
import Testing

@testable import Application

@Suite struct IncomingEventTests {
    private func event(_ text: String) throws(EventError) -> IncomingEvent {
        try IncomingEvent(Array(text.utf8))
    }

    private static let web = FunctionARN("arn:aws:lambda:eu-west-1:123456789012:function:web")

    @Test(arguments: [
        "CreateFunction20150331", "UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2",
    ])
    func `A CloudTrail event is a function's change`(_ name: String) throws {
        guard case .functionChange(let change) = try event(SampleEvents.cloudTrail(event: name)) else {
            Issue.record("It is something else")
            return
        }
        let created = name.hasPrefix("Create") ? Timestamp(iso8601: "2026-11-21T03:00:39Z") : nil
        #expect(change == FunctionChange(function: Self.web, created: created))
    }

    @Test func `A CloudTrail event of a call that failed is one of no change`() throws {
        guard case .functionChange(let change) = try event(SampleEvents.cloudTrail(error: "AccessDenied")) else {
            Issue.record("It is something else")
            return
        }
        #expect(change == FunctionChange(function: nil, errorCode: "AccessDenied"))
    }

    @Test(arguments: [
        (SampleEvents.scheduled, JobEvent(name: .wasExport)),
        (
            SampleEvents.job,
            JobEvent(
                name: .hostDetections,
                parameters: JobParameters(["batch_size": .number(500), "ids": .list(["1-9"])])
            )
        ),
        (
            SampleEvents.jobInDetail,
            JobEvent(name: .wasSnapshot, parameters: JobParameters(["full": .truth(true)]))
        ),
        (#"{"job":"car-import","detail":{"job":"y"}}"#, JobEvent(name: .carImport)),
        (#"{"detail-type":"Scheduled Event"}"#, JobEvent(name: .wasExport)),
        (#"{"detail-type":"Scheduled Event","detail":{"job":"car-import"}}"#, JobEvent(name: .carImport)),
        (
            #"{"job":"was-export","ids":[1,2],"since":"2026-01-01"}"#,
            JobEvent(
                name: .wasExport,
                parameters: JobParameters(["ids": .list(["1", "2"]), "since": .text("2026-01-01")])
            )
        ),
    ])
    func `A job is named with its parameters, or is the export of a plain schedule`(
        _ text: String,
        _ meant: JobEvent
    ) throws {
        guard case .job(let job) = try event(text) else {
            Issue.record("It is something else")
            return
        }
        #expect(job == meant)
    }

    @Test(arguments: [#"{"job":"x"}"#, #"{"detail":{"job":"was_export"}}"#, #"{"job":""}"#])
    func `A job that there is none of is unsupported, and those that there are are named`(_ text: String) {
        let error = #expect(throws: EventError.self) { try event(text) }
        #expect(error?.label == "Event.Unsupported")
        #expect(error?.description.contains("was-export, was-snapshot, host-detections, car-import") == true)
    }

    @Test func `An SQS batch has its messages as they came`() throws {
        guard case .batch(let records) = try event(SampleEvents.batch(["{}", "not JSON"])) else {
            Issue.record("It is something else")
            return
        }
        #expect(records.map(\.messageId) == ["m-1", "m-2"])
        #expect(records.map(\.body) == ["{}", "not JSON"])
    }

    @Test(arguments: [
        "{}", #"{"detail":{}}"#, #"{"detail-type":"AWS API Call via CloudTrail"}"#,
        #"{"detail-type":"AWS API Call via CloudTrail","detail":{}}"#,
        #"{"detail-type":"AWS Console Sign In via CloudTrail","detail":{"eventSource":"signin.amazonaws.com"}}"#,
        #"{"detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":"s3.amazonaws.com","eventName":"X"}}"#,
        SampleEvents.cloudTrail(event: "DeleteFunction20150331"), #"{"version":"2.0","rawPath":"/","headers":{}}"#,
    ])
    func `Anything else is unsupported, with what is expected`(_ text: String) {
        let error = #expect(throws: EventError.self) { try event(text) }
        #expect(error?.label == "Event.Unsupported")
        #expect(error?.description.contains("Expected: a CloudTrail event") == true)
    }

    @Test(arguments: [
        "", " ", "hunter2", "{", "{\"a\":}", "{'a':1}", "{} {}", "nul", "\u{0}", "\u{FEFF}", "NaN",
        "[]", "[{}]", "\"hunter2\"", "42", "true", "null", #"{"detail-type":5}"#, #"{"detail":"hunter2"}"#,
        #"{"detail":[]}"#, #"{"job":{"hunter2":1}}"#, #"{"job":7}"#, #"{"detail":{"job":[]}}"#, #"{"account":12345}"#,
        #"{"region":{}}"#, #"{"Records":{}}"#, #"{"Records":"hunter2"}"#, #"{"Records":[null]}"#, #"{"Records":[{}]}"#,
        #"{"Records":[{"messageId":1,"body":"x"}]}"#, #"{"Records":[{"messageId":"m","body":{"hunter2":1}}]}"#,
        #"{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"hunter2"}}]}"#,
        #"{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"hunter2"}}}]}"#,
        SampleEvents.cloudTrail("x; id"), SampleEvents.cloudTrail("--help"), SampleEvents.cloudTrail("../.."),
        SampleEvents.cloudTrail(String(repeating: "n", count: 500)), SampleEvents.cloudTrail("f\u{202E}txt"),
        SampleEvents.cloudTrail("\u{200F}f"), SampleEvents.cloudTrail("f\\u0000"), SampleEvents.cloudTrail("f\\n"),
        SampleEvents.cloudTrail("f٠"), SampleEvents.cloudTrail(""),
    ])
    func `A hostile event is malformed, and nothing of it but names is shown`(_ text: String) {
        checkMalformed(text)
    }

    /// Not as arguments, which a test run prints.
    @Test func `An event that nests too deep is malformed`() {
        for depth in [600, 20_000, 1_000_000] {
            let open = String(repeating: "[", count: depth)
            let close = String(repeating: "]", count: depth)
            checkMalformed(open)
            checkMalformed(open + close)
            checkMalformed("{\"x\":\(open)\(close)}")
            checkMalformed(String(repeating: "{\"detail\":", count: depth) + "1" + String(repeating: "}", count: depth))
        }
    }

    private func checkMalformed(_ text: String) {
        let error = #expect(throws: EventError.self) { try event(text) }
        #expect(error?.label == "Event.Malformed")
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.allSatisfy { $0 == "…" || (" "..."~").contains($0) } == true)
        #expect((error?.description.utf8.count ?? 0) < 1000)
    }

    @Test(
        arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]]
            as [[UInt8]]
    )
    func `An event that is not UTF-8 anywhere is malformed`(_ odd: [UInt8]) {
        for text in [SampleEvents.cloudTrail("we@b"), SampleEvents.cloudTrail().replacing("192.0.2.1", with: "@")] {
            let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).map(Array.init)
            let error = #expect(throws: EventError.self) { try IncomingEvent(Array(parts.joined(separator: odd))) }
            #expect(error?.label == "Event.Malformed")
        }
    }

    @Test func `An event in UTF-16 is malformed`() {
        let units = SampleEvents.job.utf16.flatMap {
            [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
        }
        for bytes in [units, [0xFF, 0xFE] + units] {
            #expect(throws: EventError.self) { try IncomingEvent(bytes) }
        }
    }
}
