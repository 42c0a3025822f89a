/// What QScanner's exit says.
///
/// The codes are those of the Qualys QScanner documentation ("Exit codes"). Findings do not change the code.
package struct ExitMeaning: Sendable, Equatable {
    package enum Outcome: Sendable, Hashable {
        case success
        /// The scan is done and uploaded; its report is not ready.
        case partial
        case failed
    }

    package let outcome: Outcome

    /// A bounded name for metrics and alarms, `QScanner.<Reason>`.
    package let label: String

    /// A sentence for people, which begins with a small letter and stands after "exit code 10: ".
    package let sentence: String

    package init(exitCode: Int32) {
        self = ExitMeaning.table.first { $0.codes.contains(exitCode) }?.meaning ?? ExitMeaning.unknown
    }

    package init(signal: Int32) {
        // What the system sends when memory runs out.
        let hint = signal == 9 ? " (often for want of memory)" : ""
        self = .failed("Killed", "a signal ended it\(hint)")
    }

    private static let unknown = failed("Unknown", "a code that this program does not know")

    private static let table: [(codes: ClosedRange<Int32>, meaning: ExitMeaning)] = [
        (0...0, done("Done", "the scan is done")),
        (1...1, failed("GenericError", "an error without further detail")),
        (2...2, failed("InvalidParameter", "a parameter is not valid")),
        (3...3, failed("LoggerFailed", "its log could not be opened")),
        (5...9, failed("ArtifactFailed", "the image, file system or container could not be read")),
        (10...10, failed("FunctionFailed", functionSentence)),
        (11...11, failed("MetadataScanFailed", "the metadata scan failed")),
        (12...12, failed("OSScanFailed", "the scan of operating system packages failed")),
        (13...13, failed("SCAScanFailed", "the scan of software packages failed")),
        (14...14, failed("SecretScanFailed", "the scan for secrets failed")),
        (15...21, failed("ScanFailed", "one of the scans failed")),
        (30...39, failed("ResultFailed", "a result could not be written or uploaded")),
        (40...40, partial("ReportNotReady", "the scan is uploaded, its vulnerability report is not ready")),
        (41...41, partial("PolicyNotReady", "the scan is uploaded, its policy result is not ready")),
        (42...42, done("PolicyDenied", "a policy says DENY")),
        (43...43, done("PolicyNotEvaluated", "no policy was evaluated")),
        // What a shell or `timeout` in front of it makes of a limit or a signal.
        (124...124, failed("Killed", "its caller's time limit ended it")),
        (129...159, failed("Killed", "a signal ended it")),
    ]

    /// Code 10 is what a refused or failed GetFunction ends in.
    private static let functionSentence =
        "the function could not be fetched. Check that it exists in this region and that the scanning role may call "
        + "lambda:GetFunction and, for image functions, ecr:GetAuthorizationToken, ecr:BatchGetImage and "
        + "ecr:GetDownloadUrlForLayer there"

    private static func done(_ name: String, _ sentence: String) -> ExitMeaning {
        ExitMeaning(outcome: .success, name, sentence)
    }

    private static func partial(_ name: String, _ sentence: String) -> ExitMeaning {
        ExitMeaning(outcome: .partial, name, sentence)
    }

    private static func failed(_ name: String, _ sentence: String) -> ExitMeaning {
        ExitMeaning(outcome: .failed, name, sentence)
    }

    private init(outcome: Outcome, _ name: String, _ sentence: String) {
        self.outcome = outcome
        self.label = "QScanner.\(name)"
        self.sentence = sentence
    }
}
