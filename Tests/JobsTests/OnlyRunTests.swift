import HTTPTransport
import Jobs
import QualysAPI
import Support
import Telemetry
import TestSupport
import Testing

@Suite struct OnlyRunTests {
    private let ends = Journal<String>()
    private static let answer = JobAnswer(job: .wasExport, run: "r", status: .done, counts: [])

    private func services(_ opening: JobStateStore.Opening) -> JobServices {
        .fake(
            state: JobStateStore(
                place: "the memory",
                begin: { _, _ in opening },
                save: { _, _, _ in },
                end: { [ends] owner, state, _ in ends.write("\(owner) \(state == nil ? "as it was" : "anew")") }
            )
        )
    }

    @Test func `A run has what the last one left, and ends the job itself`() async throws {
        let answer = try await services(.mine([1, 2])).onlyRun(of: .wasExport, owner: "me", .test()) { now, saved in
            #expect(now == FakeClock.start && saved == [1, 2])
            return Self.answer
        }
        #expect(answer == Self.answer && ends.entries.isEmpty)
    }

    @Test func `While another run is at work nothing is done, and the answer says so`() async throws {
        let answer = try await services(.busy(until: nil)).onlyRun(of: .wasExport, owner: "me", .test()) { _, _ in
            Issue.record("It was done.")
            return Self.answer
        }
        #expect(answer.status == .continues && answer.reason == "Another run is at work.")
        #expect(ends.entries.isEmpty)
    }

    @Test(
        arguments: [
            (JobError(failed: .wasExport, reason: "no"), ["me as it was"]),
            (JobError(partial: .wasExport, missing: [], answer: Self.answer), []),
        ]
    )
    func `After a failure the job is given back; a run that is done in part has ended it`(
        error: JobError,
        ended: [String]
    ) async {
        await #expect(throws: JobError.self) {
            try await services(.mine(nil)).onlyRun(of: .wasExport, owner: "me", .test()) { _, _ in throw error }
        }
        #expect(ends.entries == ended)
    }
}
