package import AWSClients
package import Support

/// The right to scan a function's code, held in the function's row of the cache table.
///
///     claim written                     claim_expires = the invocation's deadline
///     |---- the owner scans --------------------|
///     |     same owner (Lambda's retry): takes it over at once
///     |     others, same code: "in-progress"    |  others: take it over
///     |     others, other code: take it over    |
///
/// One conditional write takes the claim and, when refused, brings the row that says why.
package struct ScanClaim: Sendable {
    package var function: FunctionARN
    package var code: ScannedCode

    /// The Lambda request id, or the message id for SQS: the same for every attempt at one event.
    package var owner: String
    package var expires: Timestamp
    package var now: Timestamp

    /// Whether the claim was taken. Without a table that answers a scan goes on without it.
    package var isHeld = false

    package init(function: FunctionARN, code: ScannedCode, owner: String, expires: Timestamp, now: Timestamp) {
        self.function = function
        self.code = code
        self.owner = owner
        self.expires = expires
        self.now = now
    }

    var key: DynamoDBItem { ["function_arn": .text(function.description)] }

    /// Rounded up: the claim must outlive the scan, not the other way round.
    private var expirySeconds: Int64 { (expires + .milliseconds(999)).seconds }

    /// Takes the claim, unless the row is fresh for this code or the claim is somebody else's for this code.
    ///
    /// `ttl` is set only on a new row, for DynamoDB to remove it in case nothing follows. On an old row it stays: it says
    /// until when that scan was good. The hashes of an earlier scan go: should this one fail, then the function is tagged
    /// `failed`, and going back to the earlier code must scan it and tag it anew.
    var taking: DynamoDBClient.Expression {
        let isFresh = "(code_sha256 = :code AND layers_sha256 = :layers AND #ttl > :now)"
        let isFree =
            "(attribute_not_exists(claim_owner) OR claim_owner = :owner OR attribute_not_exists(claim_expires) "
            + "OR claim_expires <= :now "
            + "OR (attribute_exists(claim_code) AND claim_code <> :claim_code))"
        return DynamoDBClient.Expression(
            update: "SET claim_owner = :owner, claim_expires = :expires, claim_code = :claim_code, "
                + "#ttl = if_not_exists(#ttl, :row_expires) REMOVE code_sha256, layers_sha256",
            condition: "NOT \(isFresh) AND \(isFree)",
            names: ["#ttl": "ttl"],
            values: [
                ":owner": .text(owner), ":expires": .number(expirySeconds), ":now": .number(now.seconds),
                ":code": .text(code.codeSHA256), ":layers": .text(code.layersSHA256),
                ":claim_code": .text(code.text), ":row_expires": .number(expirySeconds + 86400),
            ]
        )
    }

    /// Gives it back, if it is still ours.
    var givingBack: DynamoDBClient.Expression {
        DynamoDBClient.Expression(
            update: "REMOVE claim_owner, claim_expires, claim_code",
            condition: "claim_owner = :owner",
            names: [:],
            values: [":owner": .text(owner)]
        )
    }

    /// Writes what the scan found and gives the claim back in one, unless somebody else has taken it over, be their scan
    /// still under way or done: theirs is the newer one.
    func recording(_ attributes: DynamoDBItem) -> DynamoDBClient.Expression {
        var names: [String: String] = [:]
        var values: DynamoDBItem = [":owner": .text(owner)]
        var assignments: [String] = []
        for (index, attribute) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
            names["#a\(index)"] = attribute.key
            values[":a\(index)"] = attribute.value
            assignments.append("#a\(index) = :a\(index)")
        }
        return DynamoDBClient.Expression(
            update: "SET \(assignments.joined(separator: ", ")) REMOVE claim_owner, claim_expires, claim_code",
            condition: isHeld ? "claim_owner = :owner" : "attribute_not_exists(claim_owner) OR claim_owner = :owner",
            names: names,
            values: values
        )
    }

    package enum Outcome: Sendable, Equatable {
        /// It is ours.
        case taken
        /// This code has been scanned; where the results are, when they were stored.
        case cached(results: String?)
        /// Somebody else is scanning this code.
        case inProgress
    }

    /// Why the claim was refused.
    func outcome(refusedBy row: DynamoDBItem?) -> Outcome {
        guard let row, row["code_sha256"] == .text(code.codeSHA256), row["layers_sha256"] == .text(code.layersSHA256),
            case .number(let ttl) = row["ttl"], ttl > now.seconds
        else { return .inProgress }
        guard case .text(let results) = row["results"] else { return .cached(results: nil) }
        return .cached(results: results)
    }
}
