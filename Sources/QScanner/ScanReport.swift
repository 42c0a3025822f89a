import JSONStream
package import Support

/// What a scan brought.
package struct ScanReport: Sendable {
    package enum Outcome: String, Sendable {
        case success
        /// The scan is done; a part of the result was not ready.
        case partial
    }

    package var outcome: Outcome
    package var exitCode: Int32
    package var duration: Duration

    /// Qualys's name for this scan, fit to be the value of an AWS tag.
    package var tag: String?

    /// Nil when there is no report of vulnerabilities: that never means that there are none.
    package var severities: SeverityCounts?

    /// Nil when secrets were not looked for, or the result was too large to be read.
    package var secretsFound: Int?

    /// Sentences for the log: what is not known and why, and what the policy said.
    package var notes: [String]

    /// What to store. It has to go through `JSONRedactor` with `redaction`.
    package var files: [ResultFile]
    package var redaction: JSONRedactor.Rules

    package init(
        outcome: Outcome,
        exitCode: Int32,
        duration: Duration,
        tag: String? = nil,
        severities: SeverityCounts? = nil,
        secretsFound: Int? = nil,
        notes: [String] = [],
        files: [ResultFile] = [],
        redaction: JSONRedactor.Rules = JSONRedactor.Rules()
    ) {
        self.outcome = outcome
        self.exitCode = exitCode
        self.duration = duration
        self.tag = tag
        self.severities = severities
        self.secretsFound = secretsFound
        self.notes = notes
        self.files = files
        self.redaction = redaction
    }
}

extension ScanReport {
    /// Reads the folder that QScanner wrote into.
    ///
    /// Of a whole scan everything has to be readable. Of a partial one what is not readable is not stored, and said. A scan
    /// for vulnerabilities that brings no report of them is partial, whatever QScanner's exit code says.
    ///
    /// - Parameter scanTypes: As QScanner takes them.
    mutating func read(folder: String, scanTypes: String, secrets: [Redacted]) throws(QScannerError) {
        let found = try ResultFile.found(in: folder)

        if let file = try required(found.one(.scanResult)), let document = try readable(file, ScanResultDocument.self) {
            tag = document.tag
            secretsFound = document.secrets
        }
        var secretTexts: Set<String>? = []
        if let file = try found.one(.sarif) {
            let document = try readable(file, SARIFDocument.self)
            severities = document?.severities
            secretTexts = document?.secretTexts
        } else {
            notes.append("There is no SARIF report: the vulnerabilities are not known.")
            if scanTypes.split(separator: ",").contains(where: { ["pkg", "os", "sca"].contains($0) }) {
                outcome = .partial
            }
        }
        if let file = try found.one(.report) {
            files.append(file)
            // Nothing is read from it, so nothing is known of the secrets in it.
            secretTexts = nil
        }
        if let file = try found.one(.spdx) { files.append(file) }
        redaction = .storing(secrets: secrets, secretTexts: secretTexts)
    }

    private mutating func required(_ file: ResultFile?) throws(QScannerError) -> ResultFile? {
        if let file { return file }
        let sentence = "QScanner left no file that ends in \(ResultFile.Kind.scanResult.rawValue)"
        guard outcome == .partial else {
            throw QScannerError(.noResult, "\(sentence), although it ended with exit code \(exitCode).")
        }
        notes.append("\(sentence).")
        return nil
    }

    /// The document, or nil when the file is too large to be read, or broken in a partial result.
    private mutating func readable<Document: JSONReadable>(
        _ file: ResultFile,
        _ type: Document.Type
    ) throws(QScannerError) -> Document? {
        do throws(QScannerError) {
            let document = try file.document(type)
            files.append(file)
            if document == nil {
                notes.append("\(file.kind.rawValue) has \(file.bytes) bytes, too many to be read: it is only stored.")
            }
            return document
        } catch {
            guard outcome == .partial else { throw error }
            notes.append(error.description)
            return nil
        }
    }
}
