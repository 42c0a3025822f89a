import AWSClients
import HTTPTransport
import InMemoryLogging
import Jobs
import LambdaRuntime
import Logging
import QScanner
import QualysAPI
import Support
import Telemetry
import TestSupport
import Testing

@testable import Application
@testable import FunctionScan

@Suite struct DispatchTests {
    private struct Refusal: Failure {
        let label = "Test.Refused"
        let description = "It was refused."
    }

    private let owners = Journal<String>()

    /// What jobs answer: the last of these, else that they are done.
    private let statuses = Journal<JobAnswer.Status>()

    /// A scan to which every function is gone, but for those whose name begins with `bad`.
    private func dispatch(_ functionName: String? = "scanner") -> Dispatch {
        var steps = ScanSteps(
            describe: { function, _, _ in
                if function.name.hasPrefix("bad") { throw Refusal() }
                return function.name.hasPrefix("here") ? Self.description : nil
            },
            checkPackage: { _, _ in },
            runScanner: { _, _, _, _ in throw Refusal() },
            forgetSecret: {},
            makeScratch: { ScanScratch(path: "/scratch") },
            removeScratch: { _ in },
            emit: { _, _ in }
        )
        steps.claim = { [owners] claim, _ in
            owners.write(claim.owner)
            return .cached(results: nil)
        }
        return Dispatch(
            functionScan: FunctionScan(steps: steps, crossAccountRoleName: nil, clock: FakeClock().clock),
            jobs: ScheduledJobs { [owners, statuses] event, owner, _ in
                owners.write(owner)
                return JobAnswer(
                    job: event.name,
                    run: "20261121T030045Z",
                    status: statuses.entries.last ?? .done,
                    counts: [JobCount("all", 7)]
                )
            },
            functionName: functionName,
            clock: FakeClock().clock
        )
    }

    private static let description = FunctionDescription(
        json: Array(#"{"Configuration":{"FunctionArn":"a","FunctionName":"here","CodeSha256":"c"}}"#.utf8)
    )

    private func answer(
        _ event: String,
        _ dispatch: Dispatch? = nil,
        arn: String = "arn:aws:lambda:eu-west-1:123456789012:function:scanner:live",
        seconds: Int = 900,
        book: LogBook = LogBook()
    ) async throws -> JSON {
        let invocation = Invocation(
            requestID: "request-1",
            deadline: Deadline(FakeClock.start + .seconds(seconds)),
            functionARN: arn,
            event: Array(event.utf8)
        )
        return try JSON(try await (dispatch ?? self.dispatch()).handle(invocation, book.logger))
    }

    @Test func `A change is scanned, and the answer is the scan's`() async throws {
        #expect(
            try await answer(SampleEvents.cloudTrail()) == [
                "status": "skipped", "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:web",
                "reason": "The function is gone.",
            ]
        )
    }

    @Test func `We know ourselves by the name, and by the ARN where there is none`() async throws {
        for name in ["scanner", nil] {
            let answer = try await answer(SampleEvents.cloudTrail("scanner"), dispatch(name))
            #expect(answer["reason"] == "This is the scanner itself.")
        }
    }

    @Test func `A claim is owned by the request, in a batch by the message`() async throws {
        _ = try await answer(SampleEvents.cloudTrail("here"))
        _ = try await answer(
            SampleEvents.batch([SampleEvents.cloudTrail("here-1"), SampleEvents.cloudTrail("here-2")])
        )
        #expect(owners.entries == ["request-1", "m-1", "m-2"])
    }

    @Test func `What fails ends the invocation with its error`() async {
        let failure = await #expect(throws: ScanFailure.self) { try await answer(SampleEvents.cloudTrail("bad")) }
        #expect(failure?.underlying is Refusal)
        let error = await #expect(throws: EventError.self) { try await answer("hunter2") }
        #expect(error?.label == "Event.Malformed")
    }

    @Test(arguments: ["", "x", "arn:aws:lambda:eu-west-1:123456789012:function:", "arn:aws:iam::1:role/x"])
    func `Without a proper ARN of our own nothing is done`(_ arn: String) async {
        let error = await #expect(throws: EventError.self) { try await answer(SampleEvents.cloudTrail(), arn: arn) }
        #expect(error?.label == "Event.Malformed")
    }

    @Test func `A job that is not there is unsupported`() async {
        let error = await #expect(throws: EventError.self) { try await answer(#"{"job":"mine\u202e"}"#) }
        #expect(error?.label == "Event.Unsupported")
        #expect(error?.description.hasPrefix("There is no job \"mine\\u{202e}\"") == true)
    }

    @Test func `A job is run as the request's, and its answer is the invocation's`() async throws {
        let answer = try await answer(#"{"job":"was-export"}"#)
        #expect(
            answer == ["job": "was-export", "run": "20261121T030045Z", "status": "done", "counts": ["all": 7]]
        )
        #expect(owners.entries == ["request-1"])
    }

    @Test func `A message whose job has more to do goes back to the queue, so that it goes on`() async throws {
        statuses.write(.continues)
        let bodies = [#"{"job":"was-export","ids":[7]}"#, SampleEvents.cloudTrail("good")]
        #expect(
            try await answer(SampleEvents.batch(bodies)) == ["batchItemFailures": [["itemIdentifier": "m-1"]]]
        )
        #expect(try await answer(#"{"job":"was-export"}"#)["status"] == "continues")
    }

    @Test func `Of a batch those that failed go back to the queue, and no others`() async throws {
        let book = LogBook()
        let bodies = [
            SampleEvents.cloudTrail("good"), SampleEvents.cloudTrail("bad"), "not JSON",
            SampleEvents.cloudTrail("x; id"),
            SampleEvents.cloudTrail("good2"), SampleEvents.batch([SampleEvents.cloudTrail("good")]), #"{"job":"none"}"#,
            SampleEvents.cloudTrail("web", account: "999999999999"), SampleEvents.cloudTrail("x", error: "Denied"),
        ]
        let answer = try await answer(SampleEvents.batch(bodies), book: book)
        let failed = ["m-2", "m-3", "m-4", "m-6", "m-7", "m-8"]
        #expect(answer == ["batchItemFailures": .array(failed.map { ["itemIdentifier": .text($0)] })])
        let lines = book.entries.filter { $0.level == .error }
        #expect(lines.compactMap { $0.metadata["messageId"] } == failed.map { .string($0) })
    }

    @Test func `A message that would come too late goes back to the queue untouched`() async throws {
        let bodies = [SampleEvents.cloudTrail("here-1"), SampleEvents.cloudTrail("here-2")]
        let answer = try await answer(SampleEvents.batch(bodies), seconds: 29)
        #expect(answer == ["batchItemFailures": [["itemIdentifier": "m-2"]]])
        #expect(owners.entries == ["m-1"])
    }

    @Test func `A whole batch that is well, and an empty one, have no failures`() async throws {
        for bodies in [[], [SampleEvents.cloudTrail(), SampleEvents.cloudTrail("x", error: "Denied")]] {
            #expect(try await answer(SampleEvents.batch(bodies)) == ["batchItemFailures": []])
        }
    }
}

@Suite struct ApplicationTests {
    @Test func `The secret is read in its own region, with our own credentials`() async throws {
        let environment = [
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": "s",
            "QUALYS_SECRET_ARN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:qualys-AbCdEf",
        ]
        let http = FakeHTTP([.answer(200, #"{"SecretString":"{\"qualys_pod\":\"US2\"}"}"#)])
        let application = Application(
            settings: try Settings(environment: environment),
            environment: environment,
            http: http.client,
            scratchRoot: "/nonexistent"
        )
        #expect(http.requests.isEmpty, "nothing is called before it is needed")
        let context = CallContext.test(now: WallClock.system.now())
        #expect(try await application.secrets.secret(context).platform().pod == "US2")
        #expect(http.requests.map(\.url) == ["https://secretsmanager.us-west-2.amazonaws.com/"])
        #expect(http.requests.first?.headers["Authorization"]?.contains("Credential=OWN/") == true)
    }
}
