import Jobs
import Logging
import QualysAPI
import Support
import Telemetry

/// Pulls one batch, page by page: each page to its own object as it comes, and its rows into the batch's files, which are
/// stored when the last page is there.
struct BatchPull: Sendable {
    /// A batch has as many pages as hosts, at most; that many more would be a slip that leads on for ever.
    private static let mostPages = 100_000

    let services: JobServices
    let parameters: HostDetectionsParameters
    let run: String
    let processedAfter: Timestamp
    let base: String

    /// Of one call; all calls together have twice `Self.buffers`.
    private var buffer: Int { min(1 << 20, Self.buffers / max(1, services.workers)) }
    private static let buffers = 3 << 20

    /// What came, and the QIDs in it.
    typealias Pulled = (finished: FinishedWork, qids: Set<Int64>)

    func pull(_ work: Work, _ context: CallContext) async throws -> Pulled {
        switch work.kind {
        case .detections:
            let form = HostCalls.detections(work.batch, parameters, processedAfter: processedAfter)
            return try await pullForms(work, form, rows(work), context)
        case .hostAssets:
            let form = HostCalls.hostAssets(work.batch, parameters, processedAfter: processedAfter)
            return try await pullForms(work, form, [], context)
        case .portalAssets:
            return (try await pullPortal(work, context), [])
        }
    }

    private func rows(_ work: Work) -> [(form: RowText.Form, file: RowFile)] {
        let forms = parameters.rows.compactMap { RowText.Form(rawValue: $0.rawValue) }
        return forms.map { form in
            (form, RowFile(form, path: "\(services.scratch)/rows-\(work.number).\(form.rawValue).gz"))
        }
    }

    private func pullForms(
        _ work: Work,
        _ first: [FormField],
        _ rows: [(form: RowText.Form, file: RowFile)],
        _ context: CallContext
    ) async throws -> Pulled {
        var finished = FinishedWork(number: work.number, kind: work.kind)
        var qids: Set<Int64> = []
        var seen = IDRanges()
        var fields: [FormField]? = first
        var number = 0
        let files = rows.map(\.file)
        while let form = fields {
            number += 1
            let call = HostCalls.call(work.kind, form)
            guard number <= Self.mostPages else {
                throw QualysError(.paging, call: call.name, message: "There is no end to the pages.")
            }
            let page = try await store(work, number, call, &finished, context) { [seen] raw in
                PageReader(buffer: buffer, raw: raw, rows: files) {
                    DetectionConsumer(files.compactMap(\.sink), seen: seen, notesQIDs: parameters.knowledgeBase)
                }
            }
            finished.detections += page.detections
            for range in page.hosts.ranges { seen.insert(range) }
            qids.formUnion(page.qids)
            fields = try page.next.map { url throws(QualysError) in
                try NextPage.form(url, base: base, after: form, call: call.name)
            }
        }
        finished.hosts = seen.count
        for (form, file) in rows {
            let key = parameters.layout.rows(work.batch, form, run: run)
            let object = try await services.output.put(
                JobObject(key: key, contentType: "application/gzip"),
                try file.file.content(),
                context
            )
            finished.objects.append(FinishedWork.Object(object, path: key))
        }
        return (finished, qids)
    }

    private func pullPortal(_ work: Work, _ context: CallContext) async throws -> FinishedWork {
        var finished = FinishedWork(number: work.number, kind: work.kind)
        var seen = IDRanges()
        var batch = work.batch
        var number = 0
        while !batch.members.isEmpty {
            number += 1
            let call = HostCalls.portalAssets(batch)
            let page = try await store(work, number, call, &finished, context) { raw in
                PageReader(buffer: buffer, raw: raw) { PortalConsumer() }
            }
            finished.detections += page.detections
            for range in page.hosts.ranges { seen.insert(range) }
            guard let last = page.next.flatMap({ Int64($0) }) else { break }
            let rest = batch.members.above(last)
            guard rest.count < batch.count else {
                throw QualysError(.paging, call: call.name, status: 200, message: "The next page does not lead on.")
            }
            batch = HostBatch(number: batch.number, kind: batch.kind, members: rest)
        }
        finished.hosts = seen.count
        return finished
    }

    /// Gets a page and stores it as it came.
    private func store<Consumer: PageConsumer>(
        _ work: Work,
        _ number: Int,
        _ call: QualysCall,
        _ finished: inout FinishedWork,
        _ context: CallContext,
        reader: @escaping @Sendable (ScratchFile) -> PageReader<Consumer>
    ) async throws -> PageFacts {
        let path = "\(services.scratch)/page-\(work.number)-\(number)"
        let raw = ScratchFile(path: path, gzips: parameters.layout.gzips)
        let page = try await services.qualys.send(call, context) { reader(raw).receiver }
        finished.bytes += page.byteCount
        if page.repairs > 0 {
            context.log.notice(
                "An answer has what XML does not: the rows are without it",
                metadata: ["batch": "\(work.name)", "places": "\(page.repairs)"]
            )
        }
        if page.cuts > 0 {
            context.log.notice(
                "Texts of an answer are longer than a megabyte: the rows have no more of them than that",
                metadata: ["batch": "\(work.name)", "texts": "\(page.cuts)"]
            )
        }
        let key = parameters.layout.page(work.kind, work.batch, page: number, run: run)
        let object = try await services.output.put(
            JobObject(key: key, contentType: parameters.layout.contentType),
            try raw.content(),
            context
        )
        finished.objects.append(FinishedWork.Object(object, path: key))
        return page.facts
    }
}
