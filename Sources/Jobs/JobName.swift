/// The scheduled jobs, by the names that events and `qualysctl` use.
package enum JobName: String, Sendable, CaseIterable {
    case wasExport = "was-export"
    case wasSnapshot = "was-snapshot"
    case hostDetections = "host-detections"
    case carImport = "car-import"
}
