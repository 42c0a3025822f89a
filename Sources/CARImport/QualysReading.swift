import JSONStream
import Jobs
import Logging
import QualysAPI
import SQLite
import Support
import Telemetry
import XMLStream

/// Reads Qualys into an index. A page counts when all of it was read; what cannot be read fails the import, because taken
/// for "nothing there" it would delete what is.
struct QualysReading {
    let qualys: QualysClient
    let index: ImportIndex
    let scratch: String
    let clock: WallClock
    let progress: JobProgress
    let context: CallContext

    /// Attempts at a page that turns out not to be whole when it is read.
    private static let attempts = 4

    /// All host assets, whatever changed.
    func readHostAssets() async throws {
        let reader = try HostAssetReader(index)
        var count = 0
        try await qualys.forEachPage(of: QualysCalls.hostAssets, scratch: scratch, context) { page in
            try index.transaction {
                try page.answer.forEachRecord { record in
                    try reader.add(record)
                    count += 1
                }
            }
            progress.report(JobProgress.Report(unit: "assets", done: count))
        }
    }

    /// The assets that were updated since a moment, by the clock of host assets.
    func assets(updatedAfter moment: Timestamp) async throws -> Set<Int64> {
        var found: Set<Int64> = []
        let search = QualysCalls.hostAssets(updatedAfter: moment)
        try await qualys.forEachPage(of: search, scratch: scratch, context) { page in
            try page.answer.forEachRecord { record in
                if let id = record["HostAsset"]?["id"]?.plain.flatMap({ Int64($0) }) { found.insert(id) }
            }
        }
        return found
    }

    /// The applications of all assets.
    func readApplications() async throws {
        let reader = try ApplicationReader(index)
        var count = 0
        try await forEachInventoryPage(updatedAfter: nil) { page in
            try index.transaction {
                try page.forEachAsset { asset in
                    try reader.add(asset)
                    count += 1
                }
            }
            progress.report(JobProgress.Report(unit: "inventories", done: count))
        }
    }

    /// The assets whose inventory was updated since a moment.
    func assets(inventoriedAfter moment: Timestamp) async throws -> Set<Int64> {
        var found: Set<Int64> = []
        try await forEachInventoryPage(updatedAfter: moment) { page in
            try page.forEachAsset { asset in
                if let id = asset["assetId"]?.plain.flatMap({ Int64($0) }) { found.insert(id) }
            }
        }
        return found
    }

    private func forEachInventoryPage(updatedAfter moment: Timestamp?, _ body: (InventoryPage) throws -> Void)
        async throws
    {
        var after: Int64? = 0
        while let id = after {
            let page = try await inventoryPage(after: id, updatedAfter: moment)
            try body(page)
            after = page.next
        }
    }

    /// The applications of some assets, each asked for as the first above the id before it. Where they stand close
    /// together one page brings many.
    func readApplications(of wanted: [Int64]) async throws {
        let reader = try ApplicationReader(index)
        let all = Set(wanted)
        var rest = wanted.sorted()[...]
        while let first = rest.first {
            let size = try pageSize(for: rest)
            let page = try await inventoryPage(after: first - 1, pageSize: size)
            var last = first
            try index.transaction {
                try page.forEachAsset { asset in
                    guard let id = asset["assetId"]?.plain.flatMap({ Int64($0) }) else { return }
                    last = max(last, id)
                    if all.contains(id) { try reader.add(asset) }
                }
            }
            // Nothing above what the page ends with was in it; after the last page there is nothing at all.
            rest = page.next == nil ? [] : rest.drop { $0 <= last }
            progress.report(
                JobProgress.Report(unit: "inventories", done: wanted.count - rest.count, total: wanted.count)
            )
        }
    }

    /// As many assets as stand from the first wanted one to the last that is still near.
    private func pageSize(for wanted: ArraySlice<Int64>) throws -> Int {
        guard let first = wanted.first, wanted.count > 1 else { return 1 }
        let ids = try index.database.prepare(
            "SELECT id FROM asset WHERE id >= ?1 ORDER BY id LIMIT \(QualysCalls.assetsPerPage)",
            for: "finding assets that follow"
        )
        ids.bind(1, first)
        var (place, size) = (0, 1)
        var next = wanted.startIndex
        while try ids.step() {
            place += 1
            guard next < wanted.endIndex, wanted[next] == ids.integer(at: 0) else { continue }
            // Ten assets that nobody asked for cost as much as a call.
            if place - size > 10 { break }
            size = place
            next += 1
        }
        ids.reset()
        return size
    }

    private func inventoryPage(
        after id: Int64,
        pageSize: Int = QualysCalls.assetsPerPage,
        updatedAfter moment: Timestamp? = nil
    ) async throws(QualysError) -> InventoryPage {
        let call = QualysCalls.applications(after: id, pageSize: pageSize, updatedAfter: moment)
        let page = try await qualys.send(call, context) { [scratch] in
            .inventory(pageSize: pageSize, scratch: scratch)
        }
        guard page.next ?? .max > id else {
            throw QualysError(
                .paging,
                call: call.name,
                status: 200,
                message: "There are more assets, but the page after \(id) does not lead to them."
            )
        }
        return page
    }

    /// The detections of all hosts, or of some.
    ///
    /// - Returns: How many there were.
    @discardableResult
    func readDetections(of hosts: [String]? = nil) async throws -> Int {
        let collector = try DetectionCollector(index)
        var count = 0
        if let hosts {
            for start in stride(from: 0, to: hosts.count, by: QualysCalls.hostsPerPage) {
                let ids = hosts[start..<min(start + QualysCalls.hostsPerPage, hosts.count)].joined(separator: ",")
                try await readDetections([(name: "ids", value: ids)], collector, &count)
            }
        } else {
            try await readDetections([], collector, &count)
        }
        try collector.finish()
        return count
    }

    private func readDetections(
        _ fields: [(name: String, value: String)],
        _ collector: DetectionCollector,
        _ count: inout Int
    ) async throws {
        var page = QualysCalls.detections(fields)
        while true {
            let read = try await readXML(page, DetectionReader.root) { body in
                try collector.transaction {
                    let reader = XMLStreamReader(DetectionReader(collector), options: .tolerant)
                    try body.forEachPiece { try reader.push($0) }
                    try reader.finish()
                    return (next: reader.consumer.next, count: reader.consumer.detectionCount)
                }
            }
            count += read.count
            progress.report(
                JobProgress.Report(unit: "hosts", done: collector.hostCount, counts: [JobCount("detections", count)])
            )
            guard let url = read.next else { return }
            page = try await qualys.nextPage(url, after: page, context)
        }
    }

    /// The hosts whose scan data were processed since a moment.
    func hosts(processedAfter moment: Timestamp) async throws -> IDRanges {
        let call = QualysCalls.hosts(processedAfter: moment)
        return try await readXML(call, HostIDReader.root) { body in
            let reader = XMLStreamReader(HostIDReader(), options: .tolerant)
            try body.forEachPiece { try reader.push($0) }
            try reader.finish()
            guard !reader.consumer.isCut else { throw XMLFault.truncated }
            return reader.consumer.ids
        }
    }

    /// What the KnowledgeBase says of all QIDs in the index that it was not asked for yet.
    func readKnowledgeBase() async throws {
        let reader = try KnowledgeBaseReader(index)
        var qids: [Int64] = []
        let rows = try index.database.prepare(
            "SELECT qid FROM vulnerability WHERE NOT is_looked_up ORDER BY qid",
            for: "listing QIDs"
        )
        while try rows.step() { qids.append(rows.integer(at: 0)) }
        for start in stride(from: 0, to: qids.count, by: QualysCalls.qidsPerCall) {
            let some = Array(qids[start..<min(start + QualysCalls.qidsPerCall, qids.count)])
            try await readXML(QualysCalls.knowledgeBase(some), KnowledgeBaseReader.root) { body in
                try index.transaction {
                    let records = XMLRecordReader(record: KnowledgeBaseReader.record, options: .tolerant)
                    try body.forEachPiece { try records.push($0, reader.add) }
                    try records.finish(reader.add)
                }
            }
            progress.report(JobProgress.Report(unit: "QIDs", done: start + some.count, total: qids.count))
        }
        try index.database.execute("UPDATE vulnerability SET is_looked_up = 1", for: "noting what was looked up")
    }

    /// Makes a call and reads its answer, again when it turns out to be cut or not well-formed.
    private func readXML<Result>(
        _ call: QualysCall,
        _ root: String,
        _ read: (SpooledBody) throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            let body = try await qualys.send(call, context) { [scratch] in .xml(root, scratch: scratch) }
            do {
                return try read(body)
            } catch let fault as XMLFault {
                let error = QualysError(.unreadable, call: call.name, status: 200, message: fault.description)
                guard attempt < Self.attempts, (try? await clock.sleep(.seconds(attempt))) != nil else { throw error }
                context.log.debug("An answer of Qualys is not whole and is asked for again", error: error)
                attempt += 1
            }
        }
    }
}

extension XMLOptions {
    /// RESULTS hold control characters now and then; one text may have hundreds of KB.
    static let tolerant = XMLOptions(text: 32 << 20, repairs: true)
}

/// The ids in an answer of the Host List without details.
private struct HostIDReader: XMLConsumer {
    enum Element: String, CaseIterable {
        case id = "ID"
        case range = "ID_RANGE"
        case url = "URL"
    }

    static let texts = Set(Element.allCases)
    static let root = "HOST_LIST_OUTPUT"

    var ids = IDRanges()
    /// There is a next page, though none was wanted.
    var isCut = false

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {}

    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws {
        let text = String(decoding: text, as: UTF8.self).trimmed ?? ""
        switch element {
        case .url: isCut = isCut || !text.isEmpty
        case .id, .range:
            let ends = text.split(separator: "-").compactMap { Int64($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { throw XMLFault.truncated }
            ids.insert(first...last)
        }
    }
}
