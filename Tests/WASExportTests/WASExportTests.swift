import Jobs
import Support
import Synchronization
import TestSupport
import Testing

@testable import WASExport

@Suite("An export from run to run")
struct WASExportTests {
    /// Runs until one says that it is done; at most so many.
    private func runToTheEnd(
        _ qualys: FakeQualys,
        _ parameters: WASExportParameters = WASExportParameters(),
        most: Int = 6
    ) async throws {
        for _ in 0..<most {
            if try await qualys.run(parameters).status == .done { return }
        }
        Issue.record("not done after \(most) runs")
    }

    @Test(
        "More scans than one manifest holds are exported run by run, each in one manifest",
        arguments: [
            WASExportParameters(),
            WASExportParameters(since: FakeClock.start - .seconds(60)),
            WASExportParameters(ids: Array(1...4100)),
        ]
    )
    func parts(parameters: WASExportParameters) async throws {
        let qualys = FakeQualys(1...4100)
        try await runToTheEnd(qualys, parameters)
        let listed = try qualys.manifests.values.flatMap { $0 }
        #expect(listed.count == 4100)
        #expect(Set(listed) == Set((1...4100).map { "\($0).json" }))
        #expect(try qualys.manifests.count > 1)
    }

    @Test("A state that cannot be read is told by its place")
    func unreadableState() async throws {
        let qualys = FakeQualys(1...2)
        qualys.remembered.withLock { $0 = Array("{}".utf8) }
        let error = await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(error?.reason.contains("in the memory is not readable") == true)
    }

    @Test("A run that was interrupted says so, and that it goes on")
    func interrupted() async throws {
        let run = Task { try await FakeQualys(1...2).run() }
        run.cancel()
        let answer = try await run.value
        #expect(answer.status == .continues)
        #expect(answer.reason == "It was interrupted: the same command goes on with it.")
    }

    @Test("A scan stands in one manifest, also when the state could not be given back after that was written")
    func lostEnd() async throws {
        let qualys = FakeQualys(1...9, failingEnds: 1)
        await #expect(throws: JobError.self) { try await qualys.run() }
        #expect(try await qualys.run().status == .done)
        #expect(try qualys.manifests.values.flatMap { $0 }.sorted() == (1...9).map { "\($0).json" })
    }

    @Test(
        "What was asked for and is missing in part is asked for again alone, and then the manifest has all of it",
        arguments: [WASExportParameters(since: FakeClock.start - .seconds(60)), WASExportParameters(ids: [1, 2, 3])]
    )
    func missing(parameters: WASExportParameters) async throws {
        let qualys = FakeQualys(1...3)
        qualys.refused.withLock { $0 = [2] }
        let error = await #expect(throws: JobError.self) { try await qualys.run(parameters) }
        #expect(error?.missing.map(\.id) == ["2"])
        qualys.refused.withLock { $0 = [] }
        #expect(try await qualys.run(parameters).status == .done)
        #expect(try qualys.manifests.values.map { $0.sorted() } == [["1.json", "2.json", "3.json"]])
        #expect(
            qualys.stored.entries.map(\.key).filter { !$0.hasPrefix("m") }.sorted() == ["1.json", "2.json", "3.json"]
        )
    }

    @Test("A scan that failed is asked for again when the search no longer goes back to its launch, but not for ever")
    func missingForLong() async throws {
        let qualys = FakeQualys([])
        _ = try await qualys.run()
        qualys.finished.withLock { $0 = [1, 2] }
        qualys.refused.withLock { $0 = [2] }
        // The first run after an outage of more than the look-back.
        qualys.clock.advance(.seconds(20 * 86400))
        await #expect(throws: JobError.self) { try await qualys.run() }
        await #expect(throws: JobError.self) { try await qualys.run() }
        qualys.refused.withLock { $0 = [] }
        #expect(try await qualys.run().counts.first == JobCount("exported", 1))
        #expect(try await qualys.run().counts.first == JobCount("exported", 0))

        let gone = FakeQualys([3])
        gone.refused.withLock { $0 = [3] }
        await #expect(throws: JobError.self) { try await gone.run() }
        gone.clock.advance(.seconds(9 * 86400))
        await #expect(throws: JobError.self) { try await gone.run() }
        #expect(try await gone.run().status == .done)
    }

    @Test("A run of few seconds gets something done, too")
    func shortRun() async throws {
        #expect(try await FakeQualys(1...3).run(within: .seconds(15)).status == .done)
    }

    @Test("A scan that is named twice is exported once")
    func namedTwice() async throws {
        let qualys = FakeQualys([7])
        let answer = try await qualys.run(WASExportParameters(ids: [7, 7, 7]))
        #expect(answer.counts.first == JobCount("exported", 1))
        #expect(try qualys.manifests.values.first == ["7.json"])
    }

    @Test(
        "A window that holds nothing is an error and no empty success",
        arguments: [
            WASExportParameters(since: FakeClock.start + .seconds(86400)),
            WASExportParameters(until: FakeClock.start - .seconds(86400)),
        ]
    )
    func emptyWindow(parameters: WASExportParameters) async throws {
        let qualys = FakeQualys([7])
        let error = await #expect(throws: JobError.self) { try await qualys.run(parameters) }
        #expect(error?.description.contains("2026-11-2") == true)
        #expect(qualys.stored.entries.isEmpty)
    }

    @Test("Ids are read as a number and as a text, and a record without one ends the search")
    func ids() async throws {
        let qualys = FakeQualys([3])
        qualys.quotesIDs.store(true, ordering: .relaxed)
        #expect(try await qualys.run().counts.first == JobCount("exported", 1))
        qualys.finished.withLock { $0 = [-4] }
        await #expect(throws: JobError.self) { try await qualys.run() }
    }

    @Test(
        "What an early part of a long run missed is asked for until it is there, and stands in one manifest",
        arguments: [
            WASExportParameters(since: FakeClock.start - .seconds(60)), WASExportParameters(ids: Array(1...3200)),
        ]
    )
    func missedEarly(parameters: WASExportParameters) async throws {
        let qualys = FakeQualys(1...3200)
        qualys.refused.withLock { $0 = [7] }
        for status in [JobAnswer.Status.continues, .continues, .partial, .partial] {
            let error = await #expect(throws: JobError.self) { try await qualys.run(parameters) }
            #expect(error?.missing.map(\.id) == ["7"])
            #expect(error?.answer?.status == status)
        }
        qualys.refused.withLock { $0 = [] }
        #expect(try await qualys.run(parameters).status == .done)
        #expect(try qualys.manifests.values.flatMap { $0 }.sorted() == (1...3200).map { "\($0).json" }.sorted())
    }

    @Test("What finished on the day of a first run that failed is in the run that succeeds after midnight")
    func firstRunFails() async throws {
        let qualys = FakeQualys([3])
        qualys.isLocked.store(true, ordering: .relaxed)
        await #expect(throws: JobError.self) { try await qualys.run() }
        qualys.isLocked.store(false, ordering: .relaxed)
        qualys.clock.advance(.seconds(86400))
        #expect(try await qualys.run().counts.first == JobCount("exported", 1))
    }

    @Test("A run that is killed goes on under its name, and downloads only what it had not saved")
    func killed() async throws {
        let qualys = FakeQualys(1...40)
        qualys.uploadTime.withLock { $0 = .seconds(2) }
        let first = try await qualys.run()
        let atKill = qualys.rememberedAtUpload.withLock { $0 }
        qualys.remembered.withLock { $0 = atKill }
        let second = try await qualys.run()
        #expect(second.run == first.run)
        #expect(try qualys.manifests.values.map { $0.count } == [40])
        let saved = try ExportState(json: try #require(atKill), place: "the test")[.scheduled]?.objects.map(\.id) ?? []
        #expect(!saved.isEmpty)
        #expect(qualys.downloads.entries.dropFirst(40).sorted() == Set(1...40).subtracting(saved).sorted())
    }

    @Test("A run that fails in the midst keeps what it has exported")
    func failsInTheMidst() async throws {
        let qualys = FakeQualys(1...20)
        qualys.lockedAfter.withLock { $0 = 9 }
        await #expect(throws: JobError.self) { try await qualys.run() }
        let exported = Set(qualys.stored.entries.map(\.key))
        #expect(!exported.isEmpty)
        qualys.lockedAfter.withLock { $0 = .max }
        #expect(try await qualys.run().status == .done)
        #expect(qualys.stored.entries.filter { exported.contains($0.key) }.count == exported.count)
    }

    @Test("A search for a time that is past ends there")
    func pastWindow() async throws {
        let qualys = FakeQualys([])
        let day = FakeClock.start - .seconds(86400)
        _ = try await qualys.run(WASExportParameters(since: day - .seconds(86400), until: day))
        _ = try await qualys.run(WASExportParameters(since: day))
        _ = try await qualys.run()
        #expect(qualys.searches.entries.map { $0.contains("LESSER") } == [true, false, false])
    }
}
