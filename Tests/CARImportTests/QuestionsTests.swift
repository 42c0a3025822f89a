import HTTPTransport
import Jobs
import Support
import TestSupport
import Testing

@testable import CARImport

@Suite("Questions to CAR")
struct QuestionsTests {
    private let clock = FakeClock()

    private func questions(_ http: FakeHTTP, largest: Int = 0, remaining: Duration = .seconds(900)) throws -> Questions
    {
        let account = try CARAccount(url: "https://car.test/api/car/v2", token: Redacted("t"))
        let client = CARClient(account: account, http: http.client, clock: clock.clock)
        let run = ImportRun(
            source: "q",
            objects: 10,
            started: clock.now,
            owner: "o",
            context: .test(remaining),
            sender: ImportSender(client: client, workers: 4, progress: .silent)
        )
        return Questions(client: client, run: run, largest: largest)
    }

    private let asked = (0..<100).map { Question(edge: "asset_account", end: ("asset", "\($0)"), other: "account") }

    @Test("Answers come in the order of the questions, and the longest is kept in mind")
    func order() async throws {
        let http = FakeHTTP { request, _ in
            let number = request.bodyText.split { !$0.isNumber }.compactMap { Int($0) }.last ?? 0
            let row = #"{"account_id":"q/\#(number)"}"#
            let rows = repeatElement(row, count: number == 50 ? 3 : 1).joined(separator: ",")
            return HTTPResponse(200, #"{"data":{"asset_account":[\#(rows)]}}"#)
        }
        let questions = try questions(http, largest: 3)
        var found: [String] = []
        try await questions.ask(asked) { for answer in $0 { found += [answer.question.end.key, answer.ids[0]] } }
        #expect(found == asked.flatMap { [$0.end.key, $0.end.key] })
        #expect(throws: NeedsFullImport.self) { try questions.check() }
        let more = try self.questions(http, largest: 4)
        try await more.ask(asked) { _ in }
        try more.check()
    }

    @Test(
        "A question that CAR has no answer to asks for a full import; what may pass is a failure",
        arguments: [(400, "", true), (500, "", true), (200, "no JSON", true), (401, "", false), (503, "", false)]
    )
    func unanswered(status: Int, body: String, isLasting: Bool) async throws {
        let questions = try questions(FakeHTTP { _, _ in HTTPResponse(status, body) })
        let error = await #expect(throws: (any Error).self) { try await questions.ask(asked) { _ in } }
        #expect((error is NeedsFullImport) == isLasting)
        #expect((error is CARError) != isLasting)
    }

    @Test("Questions that would take more than half of the time left are not asked to their end")
    func time() async throws {
        let http = FakeHTTP { [clock] _, _ in
            clock.advance(.seconds(1))
            return HTTPResponse(404, "")
        }
        let few = try questions(http, remaining: .seconds(150))
        await #expect(throws: NeedsFullImport.self) { try await few.ask(asked) { _ in } }
        #expect(http.requests.count < 50)
        let enough = try questions(http, remaining: .seconds(900))
        try await enough.ask(asked) { _ in }
    }
}
