import JSONStream
import QualysAPI
import Support

/// The calls that a pull makes.
enum HostCalls {
    /// Fields of the Host List call that are not the caller's to choose.
    static let ownFields: Set<String> = ["action", "details", "echo_request", "truncation_limit"]

    /// Of maintenance; what a whole run has still to ask for is worth the wait.
    private static let patience = Duration.seconds(300)

    private static let hostPath = "/api/2.0/fo/asset/host/"
    private static let detectionPath = "/api/2.0/fo/asset/host/vm/detection/"

    /// Tells whether the sign-in is right, and the limit on calls at a time.
    static let about = QualysCall(.about, method: "GET", path: "/msp/about.php")

    /// Who the hosts are: without details just ids, in one answer.
    static func hostList(_ parameters: HostDetectionsParameters, processedAfter: Timestamp) -> [FormField] {
        var fields: [FormField] = [
            ("action", "list"), ("details", parameters.byAddress ? "Basic" : "None"), ("truncation_limit", "0"),
            ("vm_processed_after", processedAfter.iso8601),
        ]
        fields += parameters.filters.map { ($0.name, $0.value) }
        return fields
    }

    static func hostList(_ fields: [FormField]) -> QualysCall {
        QualysCall(.hostList, path: hostPath, body: .form(fields), patience: patience)
    }

    static func detections(
        _ batch: HostBatch,
        _ parameters: HostDetectionsParameters,
        processedAfter: Timestamp
    ) -> [FormField] {
        [
            ("action", "list"), ("show_igs", "0"), ("show_reopened_info", "1"), ("show_qds", "1"),
            ("output_format", "XML"), ("status", parameters.statuses.joined(separator: ",")),
            ("truncation_limit", "0"), batch.field,
        ] + filters(batch, parameters, processedAfter)
    }

    static func hostAssets(
        _ batch: HostBatch,
        _ parameters: HostDetectionsParameters,
        processedAfter: Timestamp
    ) -> [FormField] {
        [
            ("action", "list"), ("echo_request", "1"), ("details", "All/AGs"), ("truncation_limit", "5000"),
            batch.field,
        ] + filters(batch, parameters, processedAfter)
    }

    /// What keeps hosts away that are not asked for: in several networks there can be one address.
    private static func filters(
        _ batch: HostBatch,
        _ parameters: HostDetectionsParameters,
        _ processedAfter: Timestamp
    ) -> [FormField] {
        guard batch.kind == .addresses else { return [] }
        let filters = parameters.filters.filter { $0.name != batch.field.name }.map { ($0.name, $0.value) }
        return [("vm_processed_after", processedAfter.iso8601)] + filters
    }

    static func call(_ kind: PullKind, _ fields: [FormField]) -> QualysCall {
        kind == .detections
            ? QualysCall(.hostDetections, path: detectionPath, body: .form(fields), patience: patience)
            : hostList(fields)
    }

    /// Which hosts of the portal there are, scanned since then. The portal's own field for it, and not asked for where all
    /// are wanted, since some have never been scanned.
    static func portalIDs(processedAfter: Timestamp) -> QPSSearch {
        let isAll = processedAfter <= HostDetectionsParameters.beginning
        return QPSSearch(
            .assetManagement,
            path: "/qps/rest/2.0/ids/am/hostdetection",
            criteria: isAll ? [] : [QPSSearch.Criterion("lastVulnScan", .greater, processedAfter.iso8601)]
        )
    }

    /// The most records that the portal gives in one answer.
    private static let portalPage = 1000

    static func portalAssets(_ batch: HostBatch) -> QualysCall {
        let limit = min(portalPage, batch.count)
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ServiceRequest><preferences><limitResults>\(limit)</limitResults></preferences><filters>\
            <Criteria field="id" operator="IN">\(batch.list)</Criteria>\
            <Criteria field="detection.found" operator="EQUALS">true</Criteria>\
            <Criteria field="detection.ignored" operator="EQUALS">false</Criteria>\
            <Criteria field="detection.disabled" operator="EQUALS">false</Criteria>\
            <Criteria field="detection.typeDetected" operator="IN">4,2</Criteria>\
            </filters></ServiceRequest>
            """
        return QualysCall(
            .assetManagement,
            path: "/qps/rest/2.0/search/am/hostdetection",
            body: .xml(Array(xml.utf8)),
            accept: "application/xml"
        )
    }
}

typealias FormField = (name: String, value: String)

extension HostBatch {
    fileprivate var field: FormField { (name: kind == .ids ? "ids" : "ips", value: list) }
}

/// What is pulled.
package enum PullKind: String, Sendable, CaseIterable, JSONReadable {
    case detections
    case hostAssets = "host_assets"
    /// Hosts of the portal, which have ids of their own.
    case portalAssets = "portal_assets"

    var api: QualysCall.API {
        switch self {
        case .detections: .hostDetections
        case .hostAssets: .hostList
        case .portalAssets: .assetManagement
        }
    }
}
