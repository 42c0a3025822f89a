import HTTPTransport
import QualysAPI
import Support
import Telemetry
import XMLStream

/// What the KnowledgeBase says of a QID.
struct Vulnerability: Sendable, Equatable {
    let qid: Int64
    var title: String?
    var type: String?
    var severity: Int64?
    var category: String?
    var cves: [String] = []

    /// As Qualys writes them: a subscription without CVSS has none, and some are empty.
    var cvssBase: String?
    var cvssVector: String?
    var cvss3Base: String?
    var cvss3Vector: String?
    var patchable: Int64?
    var published: String?
    var modified: String?

    /// Nil for a record without a QID.
    init?(_ element: XMLElement) {
        guard let qid = element["QID"].flatMap({ Int64($0.text.trimmed) }) else { return nil }
        func text(_ path: String) -> String? {
            element.text(at: path).map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 }
        }
        self.qid = qid
        title = text("TITLE")
        type = text("VULN_TYPE")
        severity = text("SEVERITY_LEVEL").flatMap { Int64($0) }
        category = text("CATEGORY")
        cves = (element["CVE_LIST"]?.all("CVE") ?? []).compactMap { $0["ID"]?.text.trimmed }
        cvssBase = text("CVSS/BASE")
        cvssVector = text("CVSS/VECTOR_STRING")
        cvss3Base = text("CVSS_V3/BASE")
        cvss3Vector = text("CVSS_V3/VECTOR_STRING")
        patchable = text("PATCHABLE").flatMap { Int64($0) }
        published = text("PUBLISHED_DATETIME")
        modified = text("LAST_SERVICE_MODIFICATION_DATETIME")
    }

    /// One line of JSON with a line end.
    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 512)
        json.object { json in
            json.member("qid", qid)
            json.member("title", orNull: title)
            json.member("type", orNull: type)
            json.member("severity", orNull: severity)
            json.member("category", orNull: category)
            json.key("cves")
            json.array { json in
                for cve in cves { json.value(cve) }
            }
            json.member("cvss_base", orNull: cvssBase.flatMap(Double.init))
            json.member("cvss_vector", orNull: cvssVector)
            json.member("cvss3_base", orNull: cvss3Base.flatMap(Double.init))
            json.member("cvss3_vector", orNull: cvss3Vector)
            json.member("patchable", orNull: patchable)
            json.member("published", orNull: published)
            json.member("modified", orNull: modified)
        }
        return json.bytes + [0x0A]
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, orNull value: String?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }

    fileprivate mutating func member(_ name: String, orNull value: Int64?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }

    fileprivate mutating func member(_ name: String, orNull value: Double?) {
        key(name)
        if let value { self.value(value) } else { null() }
    }
}

extension QualysClient {
    /// Looks QIDs up; those that the KnowledgeBase does not know are left out.
    func vulnerabilities(
        _ qids: [Int64],
        scratch: String,
        _ context: CallContext
    ) async throws(QualysError) -> [Vulnerability] {
        let fields = [
            (name: "action", value: "list"), (name: "details", value: "All"),
            (name: "ids", value: qids.map(String.init).joined(separator: ",")),
        ]
        let call = QualysCall(.knowledgeBase, path: "/api/2.0/fo/knowledge_base/vuln/", body: .form(fields))
        return try await send(call, context) {
            let body = SpooledBody(folder: scratch, limit: 1 << 30)
            return AnswerReceiver(sink: body.sink) { (_: HTTPResponse) throws(AnswerFault) in
                try readVulnerabilities(body)
            }
        }
    }
}

private func readVulnerabilities(_ body: SpooledBody) throws(AnswerFault) -> [Vulnerability] {
    var found: [Vulnerability] = []
    let reader = XMLRecordReader(record: "VULN", options: XMLOptions(text: 8 << 20, repairs: true))
    do {
        try body.forEachPiece { piece in
            try reader.push(piece) { if let vulnerability = Vulnerability($0) { found.append(vulnerability) } }
        }
        try reader.finish { if let vulnerability = Vulnerability($0) { found.append(vulnerability) } }
    } catch {
        guard reader.rootName == knowledgeBaseRoot else { throw .error(body.prefix(64 << 10)) }
        guard let fault = error as? XMLFault else { throw .unusable(describe(error).description) }
        switch fault {
        case .notWellFormed, .truncated: throw .unreadable(fault.description)
        default: throw .unusable(fault.description)
        }
    }
    guard reader.rootName == knowledgeBaseRoot else { throw .error(body.prefix(64 << 10)) }
    return found
}

private let knowledgeBaseRoot = "KNOWLEDGE_BASE_VULN_LIST_OUTPUT"
