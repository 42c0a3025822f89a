import HTTPTransport
import JSONStream
import Support
package import Telemetry

/// A value of an item: the two types that are used.
package enum DynamoDBValue: Sendable, Equatable {
    case text(String)
    case number(Int64)

    package var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    package var number: Int64? {
        if case .number(let number) = self { number } else { nil }
    }
}

package typealias DynamoDBItem = [String: DynamoDBValue]

/// The calls of Amazon DynamoDB that are made (API version 2012-08-10).
package struct DynamoDBClient: Sendable {
    private let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// An expression with the names and values that stand for its `#name` and `:value` placeholders.
    package struct Expression: Sendable {
        package var update: String
        package var condition: String
        package var names: [String: String]
        package var values: DynamoDBItem

        package init(update: String, condition: String, names: [String: String], values: DynamoDBItem) {
            self.update = update
            self.condition = condition
            self.names = names
            self.values = values
        }
    }

    package enum UpdateOutcome: Sendable, Equatable {
        case updated
        /// The condition did not hold; the item as it is, when there is one.
        case refused(DynamoDBItem?)
    }

    /// One conditional UpdateItem.
    package func update(
        table: String,
        key: DynamoDBItem,
        _ expression: Expression,
        _ context: CallContext
    ) async throws(AWSError) -> UpdateOutcome {
        var body = JSONWriter()
        body.object { body in
            body.member("TableName", table)
            body.key("Key")
            append(key, to: &body)
            body.member("UpdateExpression", expression.update)
            body.member("ConditionExpression", expression.condition)
            if !expression.names.isEmpty {
                body.key("ExpressionAttributeNames")
                body.object { body in
                    for (name, value) in expression.names { body.member(name, value) }
                }
            }
            if !expression.values.isEmpty {
                body.key("ExpressionAttributeValues")
                append(expression.values, to: &body)
            }
            body.member("ReturnValuesOnConditionCheckFailure", "ALL_OLD")
        }
        let request = request("UpdateItem", body.bytes)
        do {
            _ = try await caller.send(request, context)
            return .updated
        } catch {
            guard error.code == "ConditionalCheckFailedException" else { throw error }
            let refusal = try? ItemAnswer(jsonText: error.body)
            return .refused(refusal?.item)
        }
    }

    package func get(
        table: String,
        key: DynamoDBItem,
        _ context: CallContext
    ) async throws(AWSError) -> DynamoDBItem? {
        var body = JSONWriter()
        body.object { body in
            body.member("TableName", table)
            body.key("Key")
            append(key, to: &body)
            body.key("ConsistentRead")
            body.value(true)
        }
        let request = request("GetItem", body.bytes)
        let answer = try await caller.send(request, context)
        guard let read = try? ItemAnswer(jsonText: answer.body) else {
            throw .unreadable(request, answer.status)
        }
        return read.item
    }

    /// Fails when the table is not there or may not be read.
    /// - Returns: The names of its key attributes.
    package func keyNames(table: String, _ context: CallContext) async throws(AWSError) -> [String] {
        var body = JSONWriter()
        body.object { $0.member("TableName", table) }
        let request = request("DescribeTable", body.bytes)
        let answer = try await caller.send(request, context)
        guard let read = try? TableAnswer(jsonText: answer.body) else {
            throw .unreadable(request, answer.status)
        }
        return read.keyNames
    }

    private func request(_ action: String, _ body: [UInt8]) -> AWSRequest {
        AWSRequest(json: .dynamoDB, target: "DynamoDB_20120810", action: action, version: "1.0", body: body)
    }

    private func append(_ item: DynamoDBItem, to body: inout JSONWriter) {
        body.object { body in
            for (name, value) in item {
                body.key(name)
                body.object { body in
                    switch value {
                    case .text(let text): body.member("S", text)
                    case .number(let number): body.member("N", String(number))
                    }
                }
            }
        }
    }

    private struct ItemAnswer: JSONReadable {
        let item: DynamoDBItem?

        init(json: JSONValue) throws(JSONShapeFault) {
            let attributes: [String: Attribute]? = try json.member(optional: "Item")
            item = attributes?.compactMapValues(\.value)
        }
    }

    /// Attributes of other types, which somebody else may have added, are passed over.
    private struct Attribute: JSONReadable {
        let value: DynamoDBValue?

        init(json: JSONValue) throws(JSONShapeFault) {
            let text: String? = try json.member(optional: "S")
            let number: String? = try json.member(optional: "N")
            value = text.map { .text($0) } ?? number.flatMap { Int64($0) }.map { .number($0) }
        }
    }

    private struct TableAnswer: JSONReadable {
        let keyNames: [String]

        init(json: JSONValue) throws(JSONShapeFault) {
            let table: Table = try json.member("Table")
            keyNames = table.keySchema.map(\.attributeName)
        }

        private struct Table: JSONReadable {
            let keySchema: [Key]

            init(json: JSONValue) throws(JSONShapeFault) {
                keySchema = try json.member("KeySchema")
            }
        }

        private struct Key: JSONReadable {
            let attributeName: String

            init(json: JSONValue) throws(JSONShapeFault) {
                attributeName = try json.member("AttributeName")
            }
        }
    }
}
