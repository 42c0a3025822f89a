package import AWSClients
package import QScanner
package import Support

/// A scan that QScanner has finished, with all that is to be said of it in S3, SNS, tags, table and metrics.
package struct FinishedScan: Sendable {
    package var function: FunctionARN
    package var description: FunctionDescription
    package var code: ScannedCode
    package var report: ScanReport

    /// When the scan was over.
    package var timestamp: Timestamp

    /// Where the results are: `s3://...`; nil when they are not stored.
    package var results: String?

    package init(
        function: FunctionARN,
        description: FunctionDescription,
        code: ScannedCode,
        report: ScanReport,
        timestamp: Timestamp
    ) {
        self.function = function
        self.description = description
        self.code = code
        self.report = report
        self.timestamp = timestamp
    }

    var status: String {
        switch report.outcome {
        case .success: "success"
        case .partial: "partial"
        }
    }

    var answer: ScanAnswer {
        var answer = ScanAnswer(
            status: report.outcome == .partial ? .partial : .scanned,
            function: function,
            codeSHA256: code.codeSHA256
        )
        answer.results = results
        answer.vulnerabilities = report.severities
        return answer
    }
}
