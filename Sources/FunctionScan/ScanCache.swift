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
        guard case .refused(let row) = try await update(claim.function, claim.taking, context) else { return .taken }
        return claim.outcome(refusedBy: row)
    }

    func record(_ claim: ScanClaim, _ scan: FinishedScan, _ context: CallContext) async throws(AWSError) {
        let attributes = ScanRow.attributes(scan, ttl: ttl)
        let expression = claim.recording(attributes)
        guard case .refused(let row) = try await update(claim.function, expression, context) else { return }
        guard let row else {
            context.log.notice("The row was deleted during the scan: the next event scans again")
            return
        }
        // After a lost answer the repeated write finds what the first one wrote.
        if row["scan_timestamp"] != attributes["scan_timestamp"] || row["code_sha256"] != attributes["code_sha256"] {
            context.log.notice("A newer scan has taken the claim over: its row is left as it is")
        }
    }

    /// - Returns: Whether it was still ours.
    func giveBack(_ claim: ScanClaim, _ context: CallContext) async throws(AWSError) -> Bool {
        guard case .refused(let row) = try await update(claim.function, claim.givingBack, context) else { return true }
        // After a lost answer the repeated write finds that nobody has it, and no newer scan.
        return row?["claim_owner"] == nil && row?["code_sha256"] == nil
    }

    /// Makes an earlier scan count no more.
    ///
    /// - Returns: Whether no other is scanning.
    func distrust(
        _ function: FunctionARN,
        owner: String,
        _ context: CallContext
    ) async throws(AWSError) -> Bool {
        guard case .refused(let row) = try await update(function, ScanClaim.distrusting, context) else { return true }
        return [nil, .text(owner)].contains(row?["claim_owner"])
    }

    /// The row comes with a refusal, also of tables that do not bring it by themselves.
    private func update(
        _ function: FunctionARN,
        _ expression: DynamoDBClient.Expression,
        _ context: CallContext
    ) async throws(AWSError) -> DynamoDBClient.UpdateOutcome {
        let key = ScanClaim.key(function)
        let outcome = try await client.update(table: table, key: key, expression, context)
        guard outcome == .refused(nil) else { return outcome }
        return .refused(try await client.get(table: table, key: key, context))
    }
}
