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
        let expression = claim.recording(ScanRow.attributes(scan, ttl: ttl))
        if case .refused = try await client.update(table: table, key: claim.key, expression, context) {
            context.log.notice("A newer scan has taken the claim over: its row is left as it is")
        }
    }

    func giveBack(_ claim: ScanClaim, _ context: CallContext) async throws(AWSError) {
        _ = try await client.update(table: table, key: claim.key, claim.givingBack, context)
    }
}
