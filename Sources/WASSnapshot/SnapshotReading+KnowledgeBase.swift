import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

extension SnapshotReading {
    func readKnowledgeBase(_ qids: [Int64]) async throws {
        var rest = qids[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(SnapshotCalls.knowledgeBaseBatch))
            rest = rest.dropFirst(batch.count)
            do {
                let records = try await services.qualys.send(SnapshotCalls.knowledgeBase(batch), context) {
                    .knowledgeBase(scratch: services.scratch)
                }
                try await loader.load(records, batch: 1)
            } catch let error as QualysError where !error.isOutOfTime && !error.isHopeless {
                context.log.warning("The KnowledgeBase could not be read", error: error)
                await recorder.failed("knowledge base, \(batch.count) QIDs", describe(error).description)
            }
        }
    }
}
