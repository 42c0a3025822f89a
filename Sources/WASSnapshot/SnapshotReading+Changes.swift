import JSONStream
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

extension SnapshotReading {
    func choice() async throws -> ApplicationChoice {
        guard let since = plan.state.since, let base = plan.base else { return ApplicationChoice() }
        async let scanned = ids(SnapshotCalls.webApps([.init("lastScan.date", .greater, since.iso8601)])) { record in
            record["WebApp"]?["id"]?.id
        }
        let ofFinding: @Sendable (JSONValue) -> Int64? = { $0["Finding"]?["webApp"]?["id"]?.id }
        async let detected = ids(SnapshotCalls.findings("lastDetectedDate", after: since), ofFinding)
        async let tested = ids(SnapshotCalls.findings("lastTestedDate", after: since), ofFinding)
        async let ignored = ids(SnapshotCalls.findings("ignoredDate", after: since), ofFinding)
        var touched = Set(base.unread).union(try await ignored ?? [])
        for found in try await [scanned, detected, tested] {
            // Without it nobody knows what changed.
            guard let found else { return ApplicationChoice() }
            touched.formUnion(found)
        }
        let known = try await loader.webApps()
        return ApplicationChoice(.init(since: since, touched: touched, known: known))
    }

    /// - Returns: Nil when Qualys refuses the search: not every platform searches by every time.
    private func ids(_ search: QPSSearch, _ id: @Sendable (JSONValue) -> Int64?) async throws -> Set<Int64>? {
        var ids: Set<Int64> = []
        do {
            try await services.qualys.forEachPage(of: search, scratch: services.scratch, context) { page in
                try page.answer.forEachRecord { record in
                    if let id = id(record) { ids.insert(id) }
                }
            }
        } catch let error as QualysError where error.kind == .refused {
            context.log.warning("Some changes cannot be searched for", error: error)
            return nil
        }
        return ids
    }

    /// What was deleted tells nobody when: where the numbers differ, the web applications whose findings are not as many as
    /// Qualys lists are read once more.
    func readApplicationsAgain(expected: Int) async throws {
        guard try await loader.rows(of: .findings) != expected else { return }
        var listed: [Int64: Int] = [:]
        let all = QPSSearch(.webApplications, path: "/qps/rest/3.0/search/was/finding")
        try await services.qualys.forEachPage(of: all, scratch: services.scratch, context) { page in
            try page.answer.forEachRecord { record in
                if let id = record["Finding"]?["webApp"]?["id"]?.id { listed[id, default: 0] += 1 }
            }
        }
        let loaded = try await loader.findingsByWebApp()
        let failed = Set(await recorder.missing.compactMap { ListedApplication.id(of: $0) })
        let known = try await loader.webApps().subtracting(failed)
        let differing = known.filter { listed[$0, default: 0] != loaded[$0, default: 0] }
        let applications = differing.sorted().map { ListedApplication(again: $0) }
        try await forEach(applications, workers: width) { try await read($0) }
    }
}
