import JSONStream
package import Jobs
package import Support

/// What a pull of host detections is asked for.
package struct HostDetectionsParameters: Sendable, Equatable {
    /// Forms of rows that are written beside the raw XML.
    package enum Rows: String, Sendable, CaseIterable, JSONReadable {
        case ndjson, csv, sqlite
    }

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The longest batch that Qualys advises.
    package static let advisedBatch = 10_000

    /// Everything, as the script had it that this replaces.
    package static let beginning = Timestamp(seconds: 946_684_800)

    /// Hosts whose scan data were processed after it. Nil: since the last complete run, at first all.
    package var processedAfter: Timestamp?

    /// Fields of the Host List call that say which hosts.
    package var filters: [Field] = []
    package var batchSize = 1000

    /// Nil: as many as the settings say. The subscription may allow fewer.
    package var workers: Int?

    /// Of single kinds, in the place of `workers`.
    package var workersOfKind: [PullKind: Int] = [:]
    package var statuses = ["New", "Active", "Re-Opened"]
    package var rows: [Rows] = []

    /// The run of which just the failed batches are asked for.
    package var retryRun: String?

    /// Whether hosts are asked for by their IPv4 addresses.
    package var byAddress = false

    /// Whether the QIDs that were found are looked up in the KnowledgeBase.
    package var knowledgeBase = false

    /// What is pulled of each batch.
    package var kinds: [PullKind] = [.detections]
    package var layout = OutputLayout()

    package init() {}

    package init(_ parameters: JobParameters) throws(JobParameterError) {
        let given = parameters.names
        var parameters = parameters
        processedAfter = try parameters.time("processed_after")
        try readFilters(&parameters)
        if let size = try parameters.number("batch_size", 1...1_000_000) { batchSize = Int(size) }
        workers = try parameters.number("workers", 1...100).map(Int.init)
        let statuses = try parameters.list("status")
        if !statuses.isEmpty { self.statuses = statuses }
        let known = ["New", "Active", "Re-Opened", "Fixed"]
        guard self.statuses.allSatisfy(known.contains) else {
            throw JobParameterError(name: "status", expected: "any of \(known.joined(separator: ", "))")
        }
        for text in try parameters.list("rows") {
            guard let form = Rows(rawValue: text) else {
                throw JobParameterError(name: "rows", expected: "any of ndjson, csv, sqlite")
            }
            if !rows.contains(form) { rows.append(form) }
        }
        retryRun = try parameters.text("retry_run")
        if let retryRun, !isRunName(retryRun) {
            throw JobParameterError(name: "retry_run", expected: "the name of a run, such as 20261121T030045Z")
        }
        byAddress = try parameters.truth("by_ip") ?? false
        knowledgeBase = try parameters.truth("knowledge_base") ?? false
        kinds = []
        if try parameters.truth("detections") ?? true { kinds.append(.detections) }
        if try parameters.truth("host_assets") ?? false { kinds.append(.hostAssets) }
        if try parameters.truth("portal_assets") ?? false { kinds.append(.portalAssets) }
        guard !kinds.isEmpty else {
            throw JobParameterError(name: "detections", expected: "true when nothing else is asked for")
        }
        guard filters.isEmpty || !kinds.contains(.portalAssets) else {
            throw JobParameterError(
                name: "portal_assets",
                expected: "left out with ids, ips, tags or filters: the portal has other ids, and no such filters"
            )
        }
        try parameters.finish()
        if retryRun != nil, let name = given.subtracting(["retry_run", "workers"]).min() {
            throw JobParameterError(name: name, expected: "left out: the run that is retried has its own")
        }
    }

    private mutating func readFilters(_ parameters: inout JobParameters) throws(JobParameterError) {
        let ids = try parameters.list("ids")
        if !ids.isEmpty {
            guard IDRanges(ids.joined(separator: ",")) != nil else {
                throw JobParameterError(name: "ids", expected: "a list of host ids or ranges of them: 1001,2000-2999")
            }
            filters.append(Field("ids", ids.joined(separator: ",")))
        }
        let addresses = try parameters.list("ips")
        if !addresses.isEmpty { filters.append(Field("ips", addresses.joined(separator: ","))) }
        let tags = try parameters.list("tags")
        if !tags.isEmpty {
            filters += [
                Field("use_tags", "1"), Field("tag_set_by", "name"), Field("tag_include_selector", "any"),
                Field("tag_set_include", tags.joined(separator: ",")),
            ]
        }
        for text in try parameters.list("filters") {
            let parts = text.split(separator: "=", maxSplits: 1)
            let name = parts.first.map(String.init) ?? ""
            let isName = name.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
            }
            guard parts.count == 2, isName, !HostCalls.ownFields.contains(name) else {
                throw JobParameterError(
                    name: "filters",
                    expected: "a list of parameters of the Host List call, such as ag_titles=Servers, none of "
                        + HostCalls.ownFields.sorted().joined(separator: ", ")
                )
            }
            filters.append(Field(name, String(parts[1])))
        }
    }

    /// Tells one request from another: which hosts, what of them, and in which forms: one that was not written before has
    /// nothing of what the runs before found.
    var request: String {
        let filters = filters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let rows = rows.map(\.rawValue).sorted().joined(separator: ",")
        return "\(filters) status=\(statuses.joined(separator: ",")) by_ip=\(byAddress) "
            + "kinds=\(kinds.map(\.rawValue).joined(separator: ",")) rows=\(rows)"
    }

    /// The same with what shapes the output, for a run that goes on.
    var shape: String {
        let after = processedAfter?.iso8601 ?? ""
        return "\(request) after=\(after) size=\(batchSize) kb=\(knowledgeBase)"
    }
}

/// Such as `20261121T030045Z`.
func isRunName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count == 16 && bytes[8] == UInt8(ascii: "T") && bytes[15] == UInt8(ascii: "Z")
        && bytes.enumerated().allSatisfy { [8, 15].contains($0.offset) || (0x30...0x39).contains($0.element) }
}
