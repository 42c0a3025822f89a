import Jobs
import Support
import TestSupport
import Testing

@testable import HostDetections

@Suite("The hosts whose detections a run has")
struct AskedHostsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Of a run that asked for hosts 1 to 5, two at a time.
    private func lines(
        finished: ClosedRange<Int> = 1...3,
        after seconds: Int = 0,
        of hosts: HostSet = HostSet(ids: IDRanges([1, 2, 3, 4, 5])),
        _ change: (inout HostDetectionsParameters) -> Void = { _ in }
    ) throws -> [Substring] {
        var parameters = HostDetectionsParameters()
        parameters.batchSize = 2
        change(&parameters)
        let after = HostDetectionsParameters.beginning + .seconds(seconds)
        var checkpoint = Checkpoint(parameters, account: "account", started: FakeClock.start, processedAfter: after)
        checkpoint.finished = finished.map { FinishedWork(number: $0, kind: .detections) }
        let file = ScratchFile(path: "\(folder.path)/hosts", gzips: false)
        try AskedHosts(parameters, hosts, checkpoint).write(to: file)
        guard case .bytes(let bytes) = try file.content() else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private static let all: [Substring] = (1...5).map { "{\"host_id\":\($0)}" }
    private static let othersAreGone: Substring = "{\"others\":\"gone\"}"

    @Test("All of them, when all were asked for: the others are gone")
    func everything() throws {
        #expect(try lines() == [Self.othersAreGone] + Self.all)
    }

    @Test("Those of batches that are done, and nothing of the others")
    func partial() throws {
        #expect(try lines(finished: 1...2) == Array(Self.all[..<4]))
    }

    @Test("A run of some hosts tells nothing of the others")
    func some() throws {
        #expect(try lines(after: 1) == Self.all)
        #expect(try lines { $0.filters = [HostDetectionsParameters.Field("ids", "1-5")] } == Self.all)
    }

    @Test("Detections alone count: what else is pulled tells nothing of them")
    func kinds() throws {
        #expect(try lines { $0.kinds = [.hostAssets] }.isEmpty)
        #expect(try lines { $0.kinds = [.detections, .hostAssets] } == [Self.othersAreGone] + Self.all)
    }

    @Test("A list of no hosts makes none be gone")
    func none() throws {
        #expect(try lines(of: HostSet()).isEmpty)
    }

    @Test("Of hosts that were asked for by their addresses no id is known before")
    func addresses() throws {
        let hosts = HostSet(ids: IDRanges([9]), addresses: IDRanges([1, 2, 3]))
        #expect(try lines(of: hosts) { $0.byAddress = true } == [Self.othersAreGone, "{\"host_id\":9}"])
    }

    @Test("Many hosts are many lines")
    func many() throws {
        var hosts = HostSet()
        hosts.ids.insert(1...4000)
        let lines = try lines(of: hosts) { $0.batchSize = 4000 }
        #expect(lines == [Self.othersAreGone] + (1...4000).map { "{\"host_id\":\($0)}" })
    }
}
