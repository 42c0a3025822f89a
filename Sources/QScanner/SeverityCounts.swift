/// How many vulnerabilities there are of each of Qualys's severities.
package struct SeverityCounts: Sendable, Hashable {
    /// Severity 5.
    package var critical = 0
    /// Severity 4.
    package var high = 0
    /// Severity 3.
    package var medium = 0
    /// Severity 2.
    package var low = 0
    /// Severity 1.
    package var info = 0

    package init(critical: Int = 0, high: Int = 0, medium: Int = 0, low: Int = 0, info: Int = 0) {
        self.critical = critical
        self.high = high
        self.medium = medium
        self.low = low
        self.info = info
    }

    package var total: Int { critical + high + medium + low + info }

    mutating func count(severity: Int) {
        switch severity {
        case 5: critical += 1
        case 4: high += 1
        case 3: medium += 1
        case 2: low += 1
        default: info += 1
        }
    }
}
