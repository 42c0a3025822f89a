import AWSClients
import Foundation
import HTTPTransport
import Support
import Synchronization
import TestSupport

@testable import FunctionScan

/// A DynamoDB that keeps one table in memory and understands the expressions that the scan cache uses.
///
/// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
final class FakeDynamoDB: Sendable {
    private let rows: Mutex<[String: DynamoDBItem]>

    /// Some tables that speak DynamoDB's language do not bring the row with a refusal.
    private let bringsRow: Bool

    init(_ row: DynamoDBItem? = nil, bringsRow: Bool = true) {
        let key = FunctionARN.test().description
        rows = Mutex(row.map { [key: $0.merging(["function_arn": .text(key)]) { $1 }] } ?? [:])
        self.bringsRow = bringsRow
    }

    /// The row of the test function.
    var row: DynamoDBItem? { rows.withLock { $0[FunctionARN.test().description] } }

    /// Leaves a claim, as a killed scan does.
    func put(_ claim: ScanClaim) {
        rows.withLock { rows in
            var expression = Expression(row: [:], names: claim.taking.names, values: claim.taking.values)
            expression.update(claim.taking.update)
            rows[claim.function.description] = expression.row
        }
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard let body = try? JSON(request.bodyBytes), let key = body["Key"]?["function_arn"]?["S"]?.text else {
            return HTTPResponse(400, #"{"__type":"SerializationException"}"#)
        }
        if request.headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem" {
            return HTTPResponse(200, rows.withLock { $0[key] }.map { "{\"Item\":\(json($0))}" } ?? "{}")
        }
        let names = (body["ExpressionAttributeNames"] ?? [:]).members.compactMapValues(\.text)
        let values = (body["ExpressionAttributeValues"] ?? [:]).members.compactMapValues(value)
        return rows.withLock { rows in
            var expression = Expression(row: rows[key] ?? [:], names: names, values: values)
            guard expression.holds(body["ConditionExpression"]?.text ?? "") else {
                let item = bringsRow ? rows[key].map { ",\"Item\":\(json($0))" } ?? "" : ""
                return HTTPResponse(400, "{\"__type\":\"com.amazonaws#ConditionalCheckFailedException\"\(item)}")
            }
            expression.update(body["UpdateExpression"]?.text ?? "")
            rows[key] = expression.row.merging(["function_arn": .text(key)]) { $1 }
            return HTTPResponse(200, "{}")
        }
    }

    private func value(_ json: JSON) -> DynamoDBValue? {
        json["S"]?.text.map { .text($0) } ?? json["N"]?.text.flatMap { Int64($0) }.map { .number($0) }
    }

    private func json(_ item: DynamoDBItem) -> String {
        let members = item.map { name, value in
            switch value {
            case .text(let text): "\"\(name)\":{\"S\":\"\(text)\"}"
            case .number(let number): "\"\(name)\":{\"N\":\"\(number)\"}"
            }
        }
        return "{\(members.joined(separator: ","))}"
    }
}

/// An expression with the row that it is about.
private struct Expression {
    var row: DynamoDBItem
    let names: [String: String]
    let values: DynamoDBItem
    private var tokens: ArraySlice<String> = []

    init(row: DynamoDBItem, names: [String: String], values: DynamoDBItem) {
        self.row = row
        self.names = names
        self.values = values
    }

    // MARK: Conditions

    mutating func holds(_ condition: String) -> Bool {
        tokens = Self.tokens(of: condition)
        let holds = disjunction()
        precondition(tokens.isEmpty, "There is more in the condition: \(tokens)")
        return holds
    }

    private mutating func disjunction() -> Bool {
        var holds = conjunction()
        while take("OR") {
            let right = conjunction()
            holds = holds || right
        }
        return holds
    }

    private mutating func conjunction() -> Bool {
        var holds = term()
        while take("AND") {
            let right = term()
            holds = holds && right
        }
        return holds
    }

    private mutating func term() -> Bool {
        if take("NOT") { return !term() }
        if take("(") {
            defer { expect(")") }
            return disjunction()
        }
        let first = tokens.removeFirst()
        if first == "attribute_exists" || first == "attribute_not_exists" {
            expect("(")
            let isThere = row[name(tokens.removeFirst())] != nil
            expect(")")
            return isThere == (first == "attribute_exists")
        }
        if first == "begins_with" {
            expect("(")
            let text = operand(tokens.removeFirst())?.text
            expect(",")
            let prefix = operand(tokens.removeFirst())?.text
            expect(")")
            return prefix.map { text?.hasPrefix($0) == true } ?? false
        }
        let left = operand(first)
        let relation = tokens.removeFirst()
        let right = operand(tokens.removeFirst())
        return compare(left, relation, right)
    }

    private func compare(_ left: DynamoDBValue?, _ relation: String, _ right: DynamoDBValue?) -> Bool {
        switch (relation, left, right) {
        case ("=", .some(let left), .some(let right)): left == right
        case ("<>", _, _): left != right
        case ("<=", .number(let left), .number(let right)): left <= right
        case (">", .number(let left), .number(let right)): left > right
        case (">=", .text(let left), .text(let right)): left >= right
        // What is not there is neither smaller nor greater.
        case ("=", _, _), ("<=", _, _), (">", _, _), (">=", _, _): false
        default: preconditionFailure("The relation \(relation) is not known")
        }
    }

    // MARK: Updates

    mutating func update(_ update: String) {
        let before = row
        tokens = Self.tokens(of: update)
        if take("SET") {
            repeat {
                let target = name(tokens.removeFirst())
                expect("=")
                row[target] = assigned(from: before)
            } while take(",")
        }
        if take("REMOVE") {
            repeat { row[name(tokens.removeFirst())] = nil } while take(",")
        }
        precondition(tokens.isEmpty, "There is more in the update: \(tokens)")
    }

    private mutating func assigned(from before: DynamoDBItem) -> DynamoDBValue? {
        let first = tokens.removeFirst()
        guard first == "if_not_exists" else { return operand(first) }
        expect("(")
        let old = before[name(tokens.removeFirst())]
        expect(",")
        let new = operand(tokens.removeFirst())
        expect(")")
        return old ?? new
    }

    // MARK: Tokens

    private static func tokens(of text: String) -> ArraySlice<String> {
        var parted = text
        for mark in ["(", ")", ","] { parted = parted.replacing(mark, with: " \(mark) ") }
        return parted.split(separator: " ").map(String.init)[...]
    }

    private func name(_ token: String) -> String {
        guard token.hasPrefix("#") else { return token }
        guard let name = names[token] else { preconditionFailure("The name \(token) is not given") }
        return name
    }

    private func operand(_ token: String) -> DynamoDBValue? {
        guard token.hasPrefix(":") else { return row[name(token)] }
        guard let value = values[token] else { preconditionFailure("The value \(token) is not given") }
        return value
    }

    private mutating func take(_ token: String) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func expect(_ token: String) {
        precondition(take(token), "\(token) is expected before \(tokens)")
    }
}
