package import AWSClients
package import Support
import Telemetry

extension JobStateStore {
    /// One row: the state as a text, and while a run is at work `claim_owner` and `claim_expires`, as the scans have it.
    ///
    /// - Parameters:
    ///   - key: Tells jobs with different outputs apart: `job#<job>#<place>`.
    package static func dynamoDB(
        table: String,
        key: String,
        client: DynamoDBClient,
        clock: WallClock = .system
    ) -> JobStateStore {
        let row = StateRow(table: table, key: ["function_arn": .text(key)], client: client, clock: clock)
        return JobStateStore(
            place: "the row \(key) of the table \(table)",
            begin: { try await row.begin($0, $1) },
            save: { try await row.save($0, $1, $2) },
            end: { try await row.end($0, $1, $2) }
        )
    }
}

private struct StateRow: Sendable {
    /// An item may have 400 KB, names and the other attributes included.
    private static let largest = 390 * 1024

    let table: String
    let key: DynamoDBItem
    let client: DynamoDBClient
    let clock: WallClock

    func begin(_ owner: String, _ context: CallContext) async throws -> JobStateStore.Opening {
        let claim = DynamoDBClient.Expression(
            update: "SET claim_owner = :owner, claim_expires = :expires",
            condition: "attribute_not_exists(claim_owner) OR claim_owner = :owner OR claim_expires < :now",
            names: [:],
            values: [
                ":owner": .text(owner),
                ":expires": .number(context.deadline.moment.seconds + 1),
                ":now": .number(clock.now().seconds),
            ]
        )
        switch try await client.update(table: table, key: key, claim, context) {
        case .updated:
            guard case .text(let state)? = try await client.get(table: table, key: key, context)?["state"] else {
                return .mine(nil)
            }
            return .mine(Array(state.utf8))
        case .refused(let row):
            guard case .number(let expires)? = row?["claim_expires"] else { return .busy(until: nil) }
            return .busy(until: Timestamp(seconds: expires))
        }
    }

    func save(_ owner: String, _ state: [UInt8], _ context: CallContext) async throws {
        try await write(owner, "SET #state = :state", state, context)
    }

    func end(_ owner: String, _ state: [UInt8]?, _ context: CallContext) async throws {
        let update = state == nil ? "" : "SET #state = :state "
        try await write(owner, update + "REMOVE claim_owner, claim_expires", state, context)
    }

    private func write(_ owner: String, _ update: String, _ state: [UInt8]?, _ context: CallContext) async throws {
        var values: DynamoDBItem = [":owner": .text(owner)]
        if let state {
            guard state.count <= Self.largest else { throw JobStateError.tooLarge(state.count) }
            values[":state"] = .text(String(decoding: state, as: UTF8.self))
        }
        let expression = DynamoDBClient.Expression(
            update: update,
            condition: "claim_owner = :owner",
            names: state == nil ? [:] : ["#state": "state"],
            values: values
        )
        guard case .refused(let row) = try await client.update(table: table, key: key, expression, context) else {
            return
        }
        // The answer to the first attempt at giving back may have been lost: then nobody has it now.
        let isGivenBack = update.hasSuffix("claim_expires") && row?["claim_owner"] == nil
        guard isGivenBack, state == nil || row?["state"] == values[":state"] else { throw JobStateError.lost }
    }
}
