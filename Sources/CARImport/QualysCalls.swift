import QualysAPI
import Support

/// The calls of Qualys that an import makes.
enum QualysCalls {
    static let hostAssets = QPSSearch(.assetManagement, path: "/qps/rest/2.0/search/am/hostasset")

    /// Assets that were updated after a moment.
    static func hostAssets(updatedAfter moment: Timestamp) -> QPSSearch {
        var search = hostAssets
        search.criteria = [.init("updated", .greater, moment.iso8601)]
        return search
    }

    /// Hosts a page of detections: a page is in the scratch folder as a whole.
    static let hostsPerPage = 500

    /// Detections that count, which is what Qualys gives without filters.
    static func detections(_ fields: [(name: String, value: String)]) -> QualysCall {
        QualysCall(
            .hostDetections,
            path: "/api/2.0/fo/asset/host/vm/detection/",
            body: .form(
                [(name: "action", value: "list"), (name: "truncation_limit", value: String(hostsPerPage))] + fields
            )
        )
    }

    /// The first host's detections.
    static let oneHost = QualysCall(
        .hostDetections,
        path: "/api/2.0/fo/asset/host/vm/detection/",
        body: .form([(name: "action", value: "list"), (name: "truncation_limit", value: "1")])
    )

    /// The ids of hosts whose scan data were processed at a moment or later.
    static func hosts(processedAfter moment: Timestamp) -> QualysCall {
        QualysCall(
            .hostList,
            path: "/api/2.0/fo/asset/host/",
            body: .form([
                (name: "action", value: "list"), (name: "details", value: "None"),
                (name: "truncation_limit", value: "0"),
                (name: "vm_processed_after", value: moment.iso8601),
            ])
        )
    }

    static let qidsPerCall = 300

    /// "Traceroute"; whether a KnowledgeBase has it does not matter.
    static let oneQID: Int64 = 45006

    static func knowledgeBase(_ qids: [Int64]) -> QualysCall {
        QualysCall(
            .knowledgeBase,
            path: "/api/2.0/fo/knowledge_base/vuln/",
            body: .form([
                (name: "action", value: "list"), (name: "details", value: "All"),
                (name: "ids", value: qids.map(String.init).joined(separator: ",")),
            ])
        )
    }

    /// Assets a page of the inventory; the gateway takes no more.
    static let assetsPerPage = 300

    /// Assets above an id, in ascending order, with their applications.
    static func applications(
        after id: Int64,
        pageSize: Int = assetsPerPage,
        updatedAfter moment: Timestamp? = nil
    ) -> QualysCall {
        var query = [(name: "pageSize", value: String(pageSize)), (name: "softwareType", value: "Application")]
        if id > 0 { query.append((name: "lastSeenAssetId", value: String(id))) }
        if let moment {
            query.append((name: "assetLastUpdated", value: moment.iso8601))
        }
        return QualysCall(.gateway, path: "/rest/2.0/search/am/asset", query: query, accept: "application/json")
    }
}
