/// The columns of a row, in their order: one row a detection, with its host's values before and after.
package enum DetectionColumn: Int, CaseIterable, Sendable {
    case hostID, ip, dns, os, trackingMethod
    case uniqueVulnID, qid, type, severity, port, `protocol`, fqdn, ssl, instance, status, results
    case firstFound, lastFound, lastTest, lastUpdate, lastFixed, timesFound, qds, isIgnored, isDisabled
    case hostLastScan

    package var name: String { Self.names[rawValue] }

    /// Whether the values are whole numbers.
    package var isNumber: Bool {
        switch self {
        case .hostID, .uniqueVulnID, .qid, .severity, .port, .ssl, .timesFound, .qds, .isIgnored, .isDisabled: true
        case .ip, .dns, .os, .trackingMethod, .type, .protocol, .fqdn, .instance, .status, .results, .firstFound,
            .lastFound, .lastTest, .lastUpdate, .lastFixed, .hostLastScan:
            false
        }
    }

    package static let names = [
        "host_id", "ip", "dns", "os", "tracking_method", "unique_vuln_id", "qid", "type", "severity", "port",
        "protocol",
        "fqdn", "ssl", "instance", "status", "results", "first_found", "last_found", "last_test", "last_update",
        "last_fixed", "times_found", "qds", "is_ignored", "is_disabled", "host_last_scan",
    ]
}
