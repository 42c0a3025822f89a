import Testing

@testable import QScanner

@Suite struct ExitMeaningTests {
    @Test(
        arguments: [
            (0, .success, "Done"), (1, .failed, "GenericError"), (2, .failed, "InvalidParameter"),
            (3, .failed, "LoggerFailed"), (4, .failed, "Unknown"), (5, .failed, "ArtifactFailed"),
            (9, .failed, "ArtifactFailed"), (10, .failed, "FunctionFailed"),
            (11, .failed, "MetadataScanFailed"), (12, .failed, "OSScanFailed"),
            (13, .failed, "SCAScanFailed"), (14, .failed, "SecretScanFailed"),
            (15, .failed, "ScanFailed"), (21, .failed, "ScanFailed"), (22, .failed, "Unknown"),
            (29, .failed, "Unknown"), (30, .failed, "ResultFailed"), (39, .failed, "ResultFailed"),
            (40, .partial, "ReportNotReady"), (41, .partial, "PolicyNotReady"),
            (42, .success, "PolicyDenied"), (43, .success, "PolicyNotEvaluated"),
            (44, .failed, "Unknown"), (124, .failed, "Killed"), (137, .failed, "Killed"),
            (143, .failed, "Killed"), (255, .failed, "Unknown"),
        ] as [(Int32, ExitMeaning.Outcome, String)]
    )
    func `Every exit code has its meaning`(code: Int32, outcome: ExitMeaning.Outcome, label: String) {
        let meaning = ExitMeaning(exitCode: code)
        #expect(meaning.outcome == outcome)
        #expect(meaning.label == "QScanner.\(label)")
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
