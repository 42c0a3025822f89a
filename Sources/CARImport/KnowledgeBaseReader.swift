import SQLite
import XMLStream

/// Puts what the KnowledgeBase says of QIDs into the index, which has them already.
final class KnowledgeBaseReader {
    static let root = "KNOWLEDGE_BASE_VULN_LIST_OUTPUT"
    static let record = "VULN"

    private let update: Statement

    init(_ index: ImportIndex) throws {
        update = try index.database.prepare(
            """
            UPDATE vulnerability SET title = ?2, cve_ids = ?3, cvss2 = ?4, cvss3 = ?5,
                diagnosis = ?6, consequence = ?7, solution = ?8
            WHERE qid = ?1
            """,
            for: "adding to a vulnerability"
        )
    }

    func add(_ vuln: XMLElement) throws {
        guard let qid = vuln.text(at: "QID")?.trimmed.flatMap({ Int64($0) }) else { return }
        let cves = vuln["CVE_LIST"]?.all("CVE").compactMap { $0.text(at: "ID")?.trimmed } ?? []
        update.bind(1, qid)
        update.bind(2, vuln.text(at: "TITLE")?.trimmed)
        update.bind(3, cves.isEmpty ? nil : cves.joined(separator: ","))
        update.bind(4, plainNumber(vuln.text(at: "CVSS/BASE")))
        update.bind(5, plainNumber(vuln.text(at: "CVSS_V3/BASE")))
        update.bind(6, vuln.text(at: "DIAGNOSIS").flatMap { plainText(ofHTML: $0).trimmed })
        update.bind(7, vuln.text(at: "CONSEQUENCE").flatMap { plainText(ofHTML: $0).trimmed })
        update.bind(8, vuln.text(at: "SOLUTION").flatMap { plainText(ofHTML: $0).trimmed })
        try update.run()
    }
}
