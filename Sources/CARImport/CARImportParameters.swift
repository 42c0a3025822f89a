package import Jobs
import Support

/// What an import is asked for.
package struct CARImportParameters: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        /// Incremental where that is possible, else full.
        case auto
        case full
        /// What changed since the last import; full when nobody knows what that was.
        case incremental
    }

    package var mode: Mode

    /// The key of the source in CAR.
    package var source: String

    /// Objects of one import; CAR takes 2,000.
    package var objects = ImportEnvelope.mostObjects

    package init(mode: Mode = .auto, source: String = "qualys") throws(JobParameterError) {
        guard KeyPattern.isSource(source) else {
            throw JobParameterError(name: "source", expected: "letters, digits and _:@=;!'%-.()+,$*")
        }
        self.mode = mode
        self.source = source
    }

    package init(_ parameters: JobParameters) throws(JobParameterError) {
        var parameters = parameters
        let text = try parameters.text("mode") ?? Mode.auto.rawValue
        guard let mode = Mode(rawValue: text) else {
            throw JobParameterError(name: "mode", expected: "auto, full or incremental")
        }
        let source = try parameters.text("source") ?? "qualys"
        try parameters.finish()
        try self.init(mode: mode, source: source)
    }
}
