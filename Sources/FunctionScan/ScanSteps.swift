package import AWSClients
package import Logging
package import QScanner
import Support
package import Telemetry

/// What a scan does to the world, one closure a step. `ScanSteps+AWS.swift` has the real ones; tests give their own.
package struct ScanSteps: Sendable {
    package typealias Tags = [(name: String, value: String)]

    /// GetFunction; nil when the function is gone.
    package var describe: @Sendable (FunctionARN, ScanDecision.Access, CallContext) async throws -> FunctionDescription?

    /// The one conditional write. Nil when there is no cache table.
    package var claim: (@Sendable (ScanClaim, CallContext) async throws -> ScanClaim.Outcome)?

    /// Holds the package against its hash.
    package var checkPackage: @Sendable (FunctionDescription, CallContext) async throws -> Void

    /// Reads the secret and runs QScanner in the scratch folder, where its files stay.
    package var runScanner:
        @Sendable (FunctionARN, ScanDecision.Access, ScanScratch, CallContext) async throws -> ScanReport

    /// Stores the results; returns where they are. Nil when they are not stored.
    package var store: (@Sendable (FinishedScan, CallContext) async throws -> String)?

    /// Nil when nobody is told.
    package var publish: (@Sendable (FinishedScan, CallContext) async throws -> Void)?

    /// Nil when functions are not tagged.
    package var tag: (@Sendable (FunctionARN, ScanDecision.Access, Tags, CallContext) async throws -> Void)?

    /// Writes the row that says that all this has been done. Nil when there is no cache table.
    package var record: (@Sendable (ScanClaim, FinishedScan, CallContext) async throws -> Void)?

    /// Gives the claim back; returns whether it was still ours. Nil when there is no cache table.
    package var giveBack: (@Sendable (ScanClaim, CallContext) async throws -> Bool)?

    /// For an attempt that failed without a claim: makes an earlier scan of the function count no more, or it would answer
    /// the retry; returns whether nobody else, by another owner, is scanning. Nil when there is no cache table.
    package var distrust: (@Sendable (FunctionARN, _ owner: String, CallContext) async throws -> Bool)?

    /// After a failed scan: the secret may have been rotated.
    package var forgetSecret: @Sendable () async -> Void

    /// Makes a fresh folder for one scan.
    package var makeScratch: @Sendable () throws -> ScanScratch
    package var removeScratch: @Sendable (ScanScratch) -> Void

    /// Writes metrics beside the log.
    package var emit: @Sendable ([MetricRecord], Logger) -> Void
}
