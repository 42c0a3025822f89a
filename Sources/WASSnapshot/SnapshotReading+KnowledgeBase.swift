import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

extension SnapshotReading {
    func readKnowledgeBase(_ qids: [Int64]) async throws {
        var rest = qids[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(SnapshotCalls.knowledgeBaseMost))
            rest = rest.dropFirst(batch.count)
            do {
                let records = try await services.qualys.send(SnapshotCalls.knowledgeBase(batch), context) {
                    .knowledgeBase(scratch: services.scratch)
                }
                try await loader.load(records, batch: 1)
            } catch let error as QualysError where !error.isOutOfTime && error.kind != .credentials {
                // A refused sign-in, too: the account may read web applications, and not this.
                context.log.warning("The KnowledgeBase could not be read", error: error)
                await recorder.failed(batch, describe(error).description)
            }
        }
    }
}
