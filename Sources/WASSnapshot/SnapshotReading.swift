import JSONStream
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

/// Reads all that a snapshot is made of, side by side, and has it loaded as it comes.
struct SnapshotReading: Sendable {
    let services: JobServices
    let plan: SnapshotPlan
    let loader: SnapshotLoader
    let recorder: SnapshotRecorder
    let context: CallContext

    var pages: SnapshotPages { SnapshotPages(services: services) }
    var files: SnapshotFiles { plan.files }

    /// - Returns: What Qualys counts: web applications, findings, rows of the catalog.
    func run() async throws -> SnapshotCounts {
        // A sign that there may be new QIDs: one is as good as many.
        let (signs, loaded) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let counts = try await withThrowingTaskGroup(of: SnapshotCounts?.self) { group in
            group.addTask {
                let counts = try await readCounts()
                await recorder.expect(counts.webApps)
                return counts
            }
            group.addTask {
                try await readCatalog()
                return nil
            }
            group.addTask {
                for await _ in signs {
                    try await readKnowledgeBase(await loader.takeQIDs(atLeast: SnapshotCalls.knowledgeBaseLeast))
                }
                return nil
            }
            group.addTask {
                defer { loaded.finish() }
                try await readApplications { loaded.yield() }
                return nil
            }
            var counts = SnapshotCounts()
            for try await found in group { counts = found ?? counts }
            return counts
        }
        if plan.base != nil {
            try await readCatalogAgain(expected: counts.catalog)
            try await readApplicationsAgain(expected: counts.findings)
        }
        try await readKnowledgeBase(try await loader.takeRemainingQIDs())
        return counts
    }

    private func readCounts() async throws -> SnapshotCounts {
        var counts = SnapshotCounts()
        counts.webApps = try await count("webapp")
        counts.catalog = try await count("catalog")
        counts.findings = try await count("finding")
        return counts
    }

    private func count(_ kind: String) async throws -> Int {
        let path: JSONPath = "ServiceResponse.count"
        let key = files.count(kind)
        // The pages that are stored are of when it was counted.
        if plan.isContinued, let page = try await pages.stored(key, context),
            let count = Int(try page.value(path) ?? "")
        {
            await recorder.stored(page.object)
            return count
        }
        let (page, value) = try await pages.get(SnapshotCalls.count(kind), having: path, as: key, context)
        await recorder.stored(page.object)
        guard let count = Int(value) else {
            throw QualysError(
                .unreadable,
                call: SnapshotCalls.count(kind).name,
                status: 200,
                message: "It is no count."
            )
        }
        return count
    }
}
