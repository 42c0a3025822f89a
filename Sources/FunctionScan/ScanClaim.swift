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
/// A claim of a person's shell is everybody's to take over: when it is killed, nobody comes back with its owner.
///
/// One conditional write takes the claim and, when refused, brings the row that says why.
package struct ScanClaim: Sendable {
    /// How the owners of claims of a person's shell begin.
    package static let shellOwner = "qualysctl-"

    package var function: FunctionARN
    package var code: ScannedCode

    /// The Lambda request id, or the message id for SQS: the same for every attempt at one event.
    package var owner: String
    package var expires: Timestamp
    package var now: Timestamp

    /// When the function was created, if the event says so. A scan of before then was one of a function that is gone, with
    /// its tags.
    package var created: Timestamp?

    /// Whether the claim was taken. Without a table that answers a scan goes on without it.
    package var isHeld = false

    package init(
        function: FunctionARN,
        code: ScannedCode,
        owner: String,
        expires: Timestamp,
        now: Timestamp,
        created: Timestamp? = nil
    ) {
        self.function = function
        self.code = code
        self.owner = owner
        self.expires = expires
        self.now = now
        self.created = created
    }

    static func key(_ function: FunctionARN) -> DynamoDBItem { ["function_arn": .text(function.description)] }

    /// Rounded up: the claim must outlive the scan, not the other way round.
    private var expirySeconds: Int64 { (expires + .milliseconds(999)).seconds }

    /// Takes the claim, unless the row is fresh for this code or the claim is somebody else's for this code.
    ///
    /// The hashes of an earlier scan go: should this one fail, then the function is tagged `failed`, and going back to the
    /// earlier code must scan it and tag it anew. `ttl` has DynamoDB remove the row in case nothing follows, and not during
    /// the scan because an earlier one has run out.
    var taking: DynamoDBClient.Expression {
        var isFresh = "code_sha256 = :code AND layers_sha256 = :layers AND #ttl > :now"
        let isFree =
            "(attribute_not_exists(claim_owner) OR claim_owner = :owner OR begins_with(claim_owner, :shell) "
            + "OR attribute_not_exists(claim_expires) OR claim_expires <= :now "
            + "OR (attribute_exists(claim_code) AND claim_code <> :claim_code))"
        var values: DynamoDBItem = [
            ":owner": .text(owner), ":shell": .text(Self.shellOwner), ":expires": .number(expirySeconds),
            ":now": .number(now.seconds), ":code": .text(code.codeSHA256), ":layers": .text(code.layersSHA256),
            ":claim_code": .text(code.text), ":row_expires": .number(expirySeconds + 86400),
        ]
        if let created {
            isFresh += " AND scan_timestamp >= :created"
            values[":created"] = .text(created.iso8601)
        }
        return DynamoDBClient.Expression(
            update: "SET claim_owner = :owner, claim_expires = :expires, claim_code = :claim_code, "
                + "#ttl = :row_expires REMOVE code_sha256, layers_sha256",
            condition: "NOT (\(isFresh)) AND \(isFree)",
            names: ["#ttl": "ttl"],
            values: values
        )
    }

    /// Makes an earlier scan count no more, unless somebody is scanning: for an attempt that failed before it had a claim.
    static let distrusting = DynamoDBClient.Expression(
        update: "REMOVE code_sha256, layers_sha256",
        condition: "attribute_exists(function_arn) AND attribute_not_exists(claim_owner)",
        names: [:],
        values: [:]
    )

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
    /// still under way or done: theirs is the newer one. What an earlier scan left and this one does not have goes.
    func recording(_ attributes: DynamoDBItem) -> DynamoDBClient.Expression {
        var names: [String: String] = [:]
        var values: DynamoDBItem = [":owner": .text(owner)]
        var assignments: [String] = []
        for (index, attribute) in attributes.sorted(by: { $0.key < $1.key }).enumerated() {
            names["#a\(index)"] = attribute.key
            values[":a\(index)"] = attribute.value
            assignments.append("#a\(index) = :a\(index)")
        }
        var removed = ["claim_owner", "claim_expires", "claim_code"]
        for (index, name) in ScanRow.optional.filter({ attributes[$0] == nil }).enumerated() {
            names["#r\(index)"] = name
            removed.append("#r\(index)")
        }
        return DynamoDBClient.Expression(
            update: "SET \(assignments.joined(separator: ", ")) REMOVE \(removed.joined(separator: ", "))",
            condition: isHeld ? "claim_owner = :owner" : "attribute_not_exists(claim_owner) OR claim_owner = :owner",
            names: names,
            values: values
        )
    }

    package enum Outcome: Sendable, Hashable {
        /// It is ours.
        case taken
        /// This code has been scanned; where the results are, when they were stored.
        case cached(results: String?)
        /// Somebody else is scanning this code; who, and until when at most, as far as the row tells.
        case inProgress(owner: String?, expires: Timestamp?)
    }

    /// Why the claim was refused.
    func outcome(refusedBy row: DynamoDBItem?) -> Outcome {
        guard let row, row["code_sha256"] == .text(code.codeSHA256), row["layers_sha256"] == .text(code.layersSHA256),
            let ttl = row["ttl"]?.number, ttl > now.seconds,
            created.map({ (row["scan_timestamp"]?.text ?? "") >= $0.iso8601 }) ?? true
        else {
            let expires = row?["claim_expires"]?.number.map { Timestamp(seconds: $0) }
            return .inProgress(owner: row?["claim_owner"]?.text, expires: expires)
        }
        return .cached(results: row["results"]?.text)
    }
}
