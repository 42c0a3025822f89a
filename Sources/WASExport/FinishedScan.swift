import JSONStream
import QualysAPI
import Support

/// A web application scan as a search lists it.
struct FinishedScan: Sendable, Equatable {
    let id: Int64
    let launched: Timestamp?

    /// Only some platforms' searches tell.
    let ended: Timestamp?

    /// - Throws: For a record that is no scan: it may be one that is wanted, so it is not passed over.
    init(_ record: JSONValue) throws(QualysError) {
        guard let scan = record["WasScan"], let id = scan["id"]?.scalarText.flatMap({ Int64($0) }), id > 0 else {
            throw QualysError(
                .unreadable,
                call: WASCalls.searchName,
                status: 200,
                message: "A record of the list is no scan with an id."
            )
        }
        self.id = id
        launched = scan["launchedDate"]?.text.flatMap { Timestamp(iso8601: $0) }
        ended = scan["endScanDate"]?.text.flatMap { Timestamp(iso8601: $0) }
    }

    init(id: Int64, launched: Timestamp? = nil, ended: Timestamp? = nil) {
        self.id = id
        self.launched = launched
        self.ended = ended
    }
}

/// What a downloaded scan says of itself.
struct DownloadedScan: Sendable {
    let answer: QPSAnswer
    let ended: Timestamp?

    static let paths: [JSONPath] = [scan, idPath, namePath, endPath, applicationPath]

    /// - Throws: When it is not the scan that was asked for.
    init(_ answer: QPSAnswer, id: Int64) throws(QualysError) {
        // `count` is 0 even with a scan in it: what counts is that it is there.
        guard answer.has(Self.scan), answer[Self.idPath] == String(id) else {
            throw QualysError(
                .unreadable,
                call: WASCalls.download(id).name,
                status: 200,
                message: "The answer holds no scan, or another one."
            )
        }
        self.answer = answer
        ended = answer[Self.endPath].flatMap { Timestamp(iso8601: $0) }
    }

    var metadata: [String: String] {
        var metadata: [String: String] = [:]
        metadata["scan-name"] = answer[Self.namePath]
        metadata["web-application"] = answer[Self.applicationPath]
        metadata["end-scan-date"] = answer[Self.endPath]
        return metadata
    }

    private static let scan: JSONPath = "ServiceResponse.data[0].WasScan"
    private static let idPath: JSONPath = "ServiceResponse.data[0].WasScan.id"
    private static let namePath: JSONPath = "ServiceResponse.data[0].WasScan.name"
    private static let endPath: JSONPath = "ServiceResponse.data[0].WasScan.endScanDate"
    private static let applicationPath: JSONPath = "ServiceResponse.data[0].WasScan.target.webApp.name"
}

/// The calls that an export makes.
enum WASCalls {
    /// Attempts at one scan, as the script had them that this replaces.
    private static let attempts = 3

    private static let searchPath = "/qps/rest/3.0/search/was/wasscan"

    static let searchName = "POST \(searchPath)"

    /// - Parameter before: Nil for up to now.
    static func search(launchedAfter after: Timestamp, before: Timestamp?) -> QPSSearch {
        var criteria = [
            QPSSearch.Criterion("launchedDate", .greater, after.iso8601),
            QPSSearch.Criterion("status", .equals, "FINISHED"),
        ]
        if let before { criteria.append(QPSSearch.Criterion("launchedDate", .lesser, before.iso8601)) }
        return QPSSearch(.webApplications, path: searchPath, criteria: criteria)
    }

    static func download(_ id: Int64) -> QualysCall {
        QualysCall(
            .webApplications,
            method: "GET",
            path: "/qps/rest/3.0/download/was/wasscan/\(id)",
            accept: "application/json",
            attempts: attempts
        )
    }

    /// The same without the results: a few KB.
    static func get(_ id: Int64) -> QualysCall {
        QualysCall(
            .webApplications,
            method: "GET",
            path: "/qps/rest/3.0/get/was/wasscan/\(id)",
            accept: "application/json",
            attempts: attempts
        )
    }
}
