import JSONStream
import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

/// Asks who the hosts are.
struct HostListing: Sendable {
    /// Small, so that the first batch is known soon.
    private static let buffer = 64 << 10

    let services: JobServices
    let plan: RunPlan

    /// Begins when the hosts of the first batch are known.
    let early: EarlyPull

    /// What was found.
    struct Found: Sendable {
        var hosts = HostSet()

        /// The answers that named them, where the script kept those.
        var lists: [FinishedWork.Object] = []

        /// When the first answer was made, by Qualys's clock.
        var listed: Timestamp?
    }

    func read(_ context: CallContext) async throws -> Found {
        do {
            return try await list(context)
        } catch {
            await early.end(unless: nil)
            throw error
        }
    }

    private func list(_ context: CallContext) async throws -> Found {
        let parameters = plan.parameters
        if parameters.batchSize > HostDetectionsParameters.advisedBatch {
            context.log.warning(
                "Batches of more than \(HostDetectionsParameters.advisedBatch) hosts make a pull no faster",
                metadata: ["batchSize": "\(parameters.batchSize)"]
            )
        }
        var found = Found()
        if parameters.kinds.contains(.portalAssets) { found.hosts.portalIDs = try await portalIDs(context) }
        guard parameters.kinds != [.portalAssets] else { return found }
        let base = try await services.qualys.apiURL(context)
        var form: [FormField]? = HostCalls.hostList(parameters, processedAfter: plan.processedAfter)
        while let fields = form {
            let call = HostCalls.hostList(fields)
            let (facts, list) = try await page(call, number: found.lists.count + 1, context)
            if let list { found.lists.append(list) }
            found.listed = found.listed ?? facts.made
            for range in facts.hosts.ranges { found.hosts.ids.insert(range) }
            for range in facts.addresses.ranges { found.hosts.addresses.insert(range) }
            form = try facts.next.map { url throws(QualysError) in
                try NextPage.form(url, base: base, after: fields, call: call.name)
            }
        }
        context.log.info("Hosts are listed", metadata: ["hosts": "\(found.hosts.count)"])
        return found
    }

    private func page(
        _ call: QualysCall,
        number: Int,
        _ context: CallContext
    ) async throws -> (facts: PageFacts, list: FinishedWork.Object?) {
        let layout = plan.parameters.layout
        let key = layout.hostList(page: number, run: plan.run)
        let raw = key.map { _ in ScratchFile(path: "\(services.scratch)/hosts", gzips: layout.gzips) }
        let parameters = plan.parameters
        // Of a later page the first hosts are not those of the first batch.
        let first = number == 1 && parameters.kinds.contains(.detections) ? early : nil
        let page = try await services.qualys.send(call, context) {
            PageReader(buffer: Self.buffer, raw: raw) {
                HostListConsumer(byAddress: parameters.byAddress, batchSize: parameters.batchSize) { first?.begin($0) }
            }
            .receiver
        }
        guard let key, let raw else { return (page.facts, nil) }
        let object = JobObject(key: key, contentType: layout.contentType)
        let stored = try await services.output.put(object, raw.content(), context)
        return (page.facts, FinishedWork.Object(stored, path: key))
    }

    private func portalIDs(_ context: CallContext) async throws -> IDRanges {
        var ids = IDRanges()
        let search = HostCalls.portalIDs(processedAfter: plan.processedAfter)
        try await services.qualys.forEachPage(of: search, scratch: services.scratch, context) { page in
            try page.answer.forEachRecord { record in
                if let id = record["HostDetection"]?["id"]?.integer { ids.insert(id) }
            }
        }
        return ids
    }
}
