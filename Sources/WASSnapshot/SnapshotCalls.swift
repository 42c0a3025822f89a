import HTTPTransport
import JSONStream
import QualysAPI
import Support
import XMLStream

/// The calls that a snapshot makes.
enum SnapshotCalls {
    /// Verbose findings carry whole responses: more to a page would be prepared for minutes.
    private static let findingsPage = 500

    /// QIDs in one call of the KnowledgeBase: at most, and at least while more may come.
    static let knowledgeBaseMost = 250
    static let knowledgeBaseLeast = 25

    static func webApps(_ criteria: [QPSSearch.Criterion] = []) -> QPSSearch { search("webapp", criteria) }

    /// - Parameter updatedAfter: Nil for all of it.
    static func catalog(updatedAfter: Timestamp? = nil) -> QPSSearch {
        var search = search(
            "catalog",
            updatedAfter.map { [QPSSearch.Criterion("updatedDate", .greater, $0.iso8601)] } ?? []
        )
        search.isVerbose = true
        return search
    }

    /// All findings of a web application, with all that there is to them.
    static func findings(of webApp: Int64) -> QPSSearch {
        var search = search("finding", [QPSSearch.Criterion("webApp.id", .equals, String(webApp))])
        search.isVerbose = true
        search.pageSize = findingsPage
        return search
    }

    /// Findings that something happened to, in short.
    ///
    /// - Parameter field: A time that findings can be searched by.
    static func findings(_ field: String, after time: Timestamp) -> QPSSearch {
        search("finding", [QPSSearch.Criterion(field, .greater, time.iso8601)])
    }

    static func webApp(_ id: Int64) -> QualysCall {
        QualysCall(
            .webApplications,
            method: "GET",
            path: "/qps/rest/3.0/get/was/webapp/\(id)",
            accept: "application/json"
        )
    }

    /// - Parameter kind: `webapp`, `finding` or `catalog`.
    static func count(_ kind: String) -> QualysCall {
        QualysCall(
            .webApplications,
            path: "/qps/rest/3.0/count/was/\(kind)",
            body: .json(Array("{\"ServiceRequest\":{}}".utf8)),
            accept: "application/json"
        )
    }

    static func knowledgeBase(_ qids: [Int64]) -> QualysCall {
        QualysCall(
            .knowledgeBase,
            path: "/api/2.0/fo/knowledge_base/vuln/",
            body: .form([
                (name: "action", value: "list"), (name: "details", value: "All"),
                (name: "ids", value: qids.map(String.init).joined(separator: ",")),
                (name: "show_disabled_flag", value: "1"), (name: "show_qid_change_log", value: "1"),
                (name: "show_supported_modules_info", value: "1"), (name: "show_pci_reasons", value: "1"),
            ])
        )
    }

    private static func search(_ kind: String, _ criteria: [QPSSearch.Criterion]) -> QPSSearch {
        QPSSearch(.webApplications, path: "/qps/rest/3.0/search/was/\(kind)", criteria: criteria)
    }
}

extension AnswerReceiver where Body == [KnowledgeBaseRecord] {
    /// Reads an answer of the KnowledgeBase to its end.
    static func knowledgeBase(scratch: String) -> AnswerReceiver {
        let body = SpooledBody(folder: scratch)
        return AnswerReceiver(sink: body.sink) { (_: HTTPResponse) throws(AnswerFault) in
            let reader = XMLRecordReader(record: "VULN", options: XMLOptions(repairs: true))
            var records: [KnowledgeBaseRecord] = []
            let take = { (element: XMLElement) in
                if let record = KnowledgeBaseRecord(element) { records.append(record) }
            }
            do {
                try body.forEachPiece { try reader.push($0, take) }
                try reader.finish(take)
            } catch let fault as XMLFault {
                guard reader.rootName == root else { throw .error(body.prefix(64 * 1024)) }
                throw .unreadable(fault.description)
            } catch {
                throw .unusable(describe(error).description)
            }
            guard reader.rootName == root else { throw .error(body.prefix(64 * 1024)) }
            return records
        }
    }

    private static var root: String { "KNOWLEDGE_BASE_VULN_LIST_OUTPUT" }
}
