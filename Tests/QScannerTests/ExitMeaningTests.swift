import Testing

@testable import QScanner

@Suite struct ExitMeaningTests {
    @Test(
        arguments: [
            (0, .success, "Done", false), (1, .failed, "GenericError", true), (2, .failed, "InvalidParameter", false),
            (3, .failed, "LoggerFailed", false), (4, .failed, "Unknown", true), (5, .failed, "ArtifactFailed", false),
            (9, .failed, "ArtifactFailed", false), (10, .failed, "FunctionFailed", false),
            (11, .failed, "MetadataScanFailed", false), (12, .failed, "OSScanFailed", false),
            (13, .failed, "SCAScanFailed", false), (14, .failed, "SecretScanFailed", false),
            (15, .failed, "ScanFailed", false), (21, .failed, "ScanFailed", false), (22, .failed, "Unknown", true),
            (29, .failed, "Unknown", true), (30, .failed, "ResultFailed", true), (39, .failed, "ResultFailed", true),
            (40, .partial, "ReportNotReady", true), (41, .partial, "PolicyNotReady", true),
            (42, .success, "PolicyDenied", false), (43, .success, "PolicyNotEvaluated", false),
            (44, .failed, "Unknown", true), (124, .failed, "Killed", true), (137, .failed, "Killed", true),
            (143, .failed, "Killed", true), (255, .failed, "Unknown", true),
        ] as [(Int32, ExitMeaning.Outcome, String, Bool)]
    )
    func `Every exit code has its meaning`(code: Int32, outcome: ExitMeaning.Outcome, label: String, mayPass: Bool) {
        let meaning = ExitMeaning(exitCode: code)
        #expect(meaning.outcome == outcome)
        #expect(meaning.label == "QScanner.\(label)")
        #expect(meaning.mayPass == mayPass)
        #expect(!meaning.sentence.isEmpty)
    }

    @Test func `Code 10 names the permissions and the region`() {
        let sentence = ExitMeaning(exitCode: 10).sentence
        for word in ["lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "region"] {
            #expect(sentence.contains(word))
        }
    }

    @Test func `A kill that was not ours speaks of memory`() {
        #expect(ExitMeaning(signal: 9).sentence.contains("memory"))
        #expect(!ExitMeaning(signal: 15).sentence.contains("memory"))
        #expect(ExitMeaning(signal: 11).outcome == .failed)
    }
}
