import AWSClients
import Logging
import Support
import Telemetry

/// The table that remembers scans: one row a function.
struct ScanCache: Sendable {
    let table: String
    let ttl: Duration
    let client: DynamoDBClient

    func take(_ claim: ScanClaim, _ context: CallContext) async throws(AWSError) -> ScanClaim.Outcome {
        switch try await client.update(table: table, key: claim.key, claim.taking, context) {
        case .updated: return .taken
        case .refused(let row?): return claim.outcome(refusedBy: row)
        // A table that does not bring the row with its refusal.
        case .refused(nil):
            return claim.outcome(refusedBy: try await client.get(table: table, key: claim.key, context))
        }
    }

    func record(_ claim: ScanClaim, _ scan: FinishedScan, _ context: CallContext) async throws(AWSError) {
        let attributes = ScanRow.attributes(scan, ttl: ttl)
        let expression = claim.recording(attributes)
        if case .refused(let row) = try await client.update(table: table, key: claim.key, expression, context),
            // After a lost answer the repeated write finds what the first one wrote.
            row?["scan_timestamp"] != attributes["scan_timestamp"] || row?["code_sha256"] != attributes["code_sha256"]
        {
            context.log.notice("A newer scan has taken the claim over: its row is left as it is")
        }
    }

    /// - Returns: Whether it was still ours.
    func giveBack(_ claim: ScanClaim, _ context: CallContext) async throws(AWSError) -> Bool {
        try await client.update(table: table, key: claim.key, claim.givingBack, context) == .updated
    }
}
