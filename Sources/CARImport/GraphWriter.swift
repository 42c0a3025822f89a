import SQLite
import Support

/// Writes the graph that is in the index as imports, one at a time, in an order that is the same for the same data.
final class GraphWriter {
    typealias Emit = (_ collection: String, _ envelope: [UInt8]) async throws -> Void

    private let index: ImportIndex
    private let envelope: ImportEnvelope
    private let scope: GraphMapping.Scope

    /// What was sent, by collection, in order.
    private(set) var counts: [(name: String, value: Int)] = []

    /// QIDs whose vertex is refused: their edges are, too.
    private var refusedQIDs: Set<Int64> = []
    private var refusedEdges = 0

    /// In how many assets each QID was sent.
    private var holders: [Int64: Int] = [:]

    init(_ index: ImportIndex, _ envelope: ImportEnvelope, _ scope: GraphMapping.Scope) {
        self.index = index
        self.envelope = envelope
        self.scope = scope
    }

    /// The QID that most assets have; those of more than `most` do not count.
    func mostCommonQID(atMost most: Int) -> Int64? {
        holders.filter { $0.value <= most }.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    /// How many objects were not sent.
    func refusedCount() throws -> Int {
        Int(try index.database.integer("SELECT count(*) FROM refused", for: "counting what was refused") ?? 0)
            + refusedEdges
    }

    func writeVertices(_ emit: Emit) async throws {
        try noteRefused()
        for collection in GraphMapping.vertices(scope) {
            try await write(collection, tail: envelope.vertexTail, emit)
        }
    }

    func writeAssetEdges(_ emit: Emit) async throws {
        for collection in GraphMapping.assetEdges(scope) { try await write(collection, tail: envelope.edgeTail, emit) }
        try await writeAssetVulnerabilities(emit)
    }

    func writePairings(_ emit: Emit) async throws {
        for collection in GraphMapping.pairings(scope) { try await write(collection, tail: envelope.edgeTail, emit) }
        try await writeAddressVulnerabilities(emit)
    }

    private func write(_ collection: GraphMapping.Collection, tail: [UInt8], _ emit: Emit) async throws {
        let rows = try index.database.prepare(collection.query, for: "reading \(collection.name)")
        var batch = ImportBatch(envelope, collection.name)
        while try rows.step() {
            batch.add { bytes in
                var isFirst = true
                for (column, member) in collection.members.enumerated() where !rows.isNull(at: column) {
                    bytes.append(UInt8(ascii: isFirst ? "{" : ","))
                    isFirst = false
                    bytes.append(UInt8(ascii: "\""))
                    bytes += member.name.utf8
                    bytes.append(contentsOf: "\":".utf8)
                    switch member.form {
                    case .number: bytes += "\(rows.double(at: column))".utf8
                    case .text, .reference:
                        bytes.append(UInt8(ascii: "\""))
                        if case .reference(let end) = member.form { bytes += "\(end)/".utf8 }
                        _ = rows.withUTF8(at: column) { appendJSONEscaped($0, to: &bytes) }
                        bytes.append(UInt8(ascii: "\""))
                    }
                }
                bytes += tail
            }
            if batch.isFull, let full = batch.take() { try await emit(collection.name, full) }
        }
        if let rest = batch.take() { try await emit(collection.name, rest) }
        counts.append((collection.name, batch.count))
    }

    /// An application without any name is not sent, nor a vulnerability whose score is none.
    private func noteRefused() throws {
        try index.database.execute(
            """
            INSERT OR IGNORE INTO refused SELECT 'application', id FROM application WHERE name IS NULL;
            INSERT OR IGNORE INTO refused SELECT 'vulnerability', qid FROM refused_qid;
            """,
            for: "noting what is refused"
        )
        refusedQIDs = try index.refusedQIDs()
    }

    private func writeAssetVulnerabilities(_ emit: Emit) async throws {
        let rows = try index.database.prepare(
            "SELECT asset.id, list FROM asset JOIN detections USING (host) WHERE \(scope.including("asset.id")) "
                + "ORDER BY asset.id",
            for: "reading detections"
        )
        var batch = ImportBatch(envelope, "asset_vulnerability")
        let tail = envelope.edgeTail
        while try rows.step() {
            let head = Array("{\"_from_external_id\":\"\(rows.integer(at: 0))\",\"_to_external_id\":\"".utf8)
            var edges: [(qid: Int64, severity: Int)] = []
            DetectionList.forEach(rows.blob(at: 1)) { edges.append(($0, $1)) }
            for (qid, severity) in edges where !refusedQIDs.contains(qid) {
                guard DetectionList.isSent(severity) else {
                    refusedEdges += 1
                    continue
                }
                holders[qid, default: 0] += 1
                batch.add { bytes in
                    bytes += head
                    appendDigits(qid, to: &bytes)
                    bytes.append(UInt8(ascii: "\""))
                    if severity >= 0 {
                        bytes.append(contentsOf: ",\"risk_score\":".utf8)
                        appendDigits(Int64(severity * 2), to: &bytes)
                    }
                    bytes += tail
                }
                if batch.isFull, let full = batch.take() { try await emit("asset_vulnerability", full) }
            }
        }
        if let rest = batch.take() { try await emit("asset_vulnerability", rest) }
        counts.append(("asset_vulnerability", batch.count))
    }

    /// Each address with each QID of the assets that have it. Most addresses are one asset's; the QIDs of the others are
    /// put together first, so that no edge is sent twice.
    private func writeAddressVulnerabilities(_ emit: Emit) async throws {
        let addresses = try index.database.prepare(
            "SELECT address, count(*), min(asset) FROM asset_ipaddress WHERE \(scope.including("asset")) "
                + "GROUP BY address ORDER BY min(asset), address",
            for: "reading addresses"
        )
        let holders = try index.database.prepare(
            "SELECT asset FROM asset_ipaddress WHERE address = ?1 AND \(scope.including("asset"))",
            for: "finding who has an address"
        )
        let list = try index.database.prepare(
            "SELECT list FROM detections JOIN asset USING (host) WHERE asset.id = ?1",
            for: "finding the detections of an asset"
        )
        func qids(of asset: Int64) throws -> [Int64] {
            list.bind(1, asset)
            defer { list.reset() }
            var qids: [Int64] = []
            if try list.step() { DetectionList.forEach(list.blob(at: 0)) { qid, _ in qids.append(qid) } }
            return qids
        }
        var batch = ImportBatch(envelope, "ipaddress_vulnerability")
        let tail = envelope.edgeTail
        while try addresses.step() {
            guard let address = addresses.text(at: 0) else { continue }
            var found: [Int64]
            if addresses.integer(at: 1) == 1 {
                found = try qids(of: addresses.integer(at: 2))
            } else {
                var all: Set<Int64> = []
                holders.bind(1, address)
                while try holders.step() { all.formUnion(try qids(of: holders.integer(at: 0))) }
                found = all.sorted()
            }
            let head = Array("{\"_from\":\"ipaddress/\(address)\",\"_to_external_id\":\"".utf8)
            for qid in found where !refusedQIDs.contains(qid) {
                batch.add { bytes in
                    bytes += head
                    appendDigits(qid, to: &bytes)
                    bytes.append(UInt8(ascii: "\""))
                    bytes += tail
                }
                if batch.isFull, let full = batch.take() { try await emit("ipaddress_vulnerability", full) }
            }
        }
        if let rest = batch.take() { try await emit("ipaddress_vulnerability", rest) }
        counts.append(("ipaddress_vulnerability", batch.count))
    }
}

/// Appends a whole number without making a text of it.
private func appendDigits(_ number: Int64, to bytes: inout [UInt8]) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    let start = bytes.count
    repeat {
        bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
        rest /= 10
    } while rest > 0
    bytes[start...].reverse()
}
