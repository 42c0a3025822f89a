import AWSClients
import JSONStream
import Support
import TestSupport
import Testing

@testable import FunctionScan

@Suite struct FunctionChangeTests {
    private func change(_ detail: String, account: String? = "123456789012", region: String? = "eu-west-1") throws
        -> FunctionChange
    {
        let detail = try FunctionChange.Detail(jsonText: Array(detail.utf8))
        return try FunctionChange(detail, account: account, region: region)
    }

    private func detail(_ members: String, name: String = "UpdateFunctionCode20150331v2") -> String {
        "{\"eventSource\":\"lambda.amazonaws.com\",\"eventName\":\"\(name)\",\"awsRegion\":\"eu-west-1\"\(members)}"
    }

    private static let web = "arn:aws:lambda:eu-west-1:123456789012:function:web"

    @Test(arguments: [
        "CreateFunction20150331", "UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2",
    ])
    func `A created or changed function is found`(_ name: String) throws {
        let change = try change(detail(",\"responseElements\":{\"functionArn\":\"\(Self.web)\"}", name: name))
        #expect(change == FunctionChange(function: .test()))
    }

    @Test(arguments: [
        ("CreateFunction20150331", "2026-11-21T03:00:45Z", FakeClock.start), ("CreateFunction20150331", "soon", nil),
        ("UpdateFunctionCode20150331v2", "2026-11-21T03:00:45Z", nil),
    ])
    func `A creation says when it was`(_ name: String, _ time: String, _ created: Timestamp?) throws {
        let members = ",\"eventTime\":\"\(time)\",\"responseElements\":{\"functionArn\":\"\(Self.web)\"}"
        #expect(try change(detail(members, name: name)).created == created)
    }

    @Test(arguments: [
        #","responseElements":{"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:web:7"}"#,
        #","responseElements":{"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:web:$LATEST","x":[1]}"#,
        #","responseElements":null,"requestParameters":{"functionName":"web"}"#,
        #","responseElements":{"functionArn":null},"requestParameters":{"functionName":"web:live","zipFile":"<redacted>"}"#,
        #","responseElements":{},"requestParameters":{"functionName":"123456789012:function:web"}"#,
        #","requestParameters":{"functionName":"function:web:7"}"#,
        #","requestParameters":{"functionName":"arn:aws:lambda:eu-west-1:123456789012:function:web:live"}"#,
    ])
    func `Every way of naming the function is understood`(_ members: String) throws {
        #expect(try change(detail(members)).function == .test())
    }

    @Test func `The function's account is the event's, whoever made the call`() throws {
        let members = #","requestParameters":{"functionName":"web"},"userIdentity":{"accountId":"999999999999"}"#
        #expect(try change(detail(members)).function?.account == "123456789012")
        #expect(try change(detail(members), account: nil).function?.account == "999999999999")
        let recipient = members + #","recipientAccountId":"888888888888""#
        #expect(try change(detail(recipient), account: nil).function?.account == "888888888888")
    }

    @Test func `The region is that of the call, then the event's`() throws {
        let members = #","requestParameters":{"functionName":"web"}"#
        #expect(try change(detail(members), region: "us-east-1").function?.region == "eu-west-1")
        let bare = #"{"eventSource":"lambda.amazonaws.com","eventName":"CreateFunction20150331""# + members + "}"
        #expect(try change(bare, region: "us-gov-west-1").function?.description.hasPrefix("arn:aws-us-gov:") == true)
        #expect(throws: EventError.self) { try change(bare, region: nil) }
    }

    @Test func `A call that failed changed nothing, whatever else the event says`() throws {
        let members =
            #","errorCode":"AccessDenied","requestParameters":{"functionName":"x; id"},"responseElements":null"#
        #expect(try change(detail(members)) == FunctionChange(function: nil, errorCode: "AccessDenied"))
    }

    @Test(arguments: [
        #"{"eventSource":"lambda.amazonaws.com","eventName":"DeleteFunction20150331"}"#,
        #"{"eventSource":"s3.amazonaws.com","eventName":"CreateFunction20150331"}"#,
        #"{"eventSource":"lambda.amazonaws.com"}"#, #"{"eventName":"CreateFunction20150331"}"#, "{}",
    ])
    func `Any other call is unsupported`(_ detail: String) {
        let error = #expect(throws: EventError.self) { try change(detail) }
        #expect(error?.label == "Event.Unsupported")
    }

    @Test(arguments: [
        "", #","requestParameters":{}"#, #","requestParameters":{"functionName":"x; id"}"#,
        #","requestParameters":{"functionName":"--help"}"#, #","requestParameters":{"functionName":"../.."}"#,
        #","requestParameters":{"functionName":""}"#, #","responseElements":{"functionArn":"web"}"#,
        #","responseElements":{"functionArn":""},"requestParameters":{"functionName":"web"}"#,
        #","responseElements":{"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:\u202etxt"}"#,
    ])
    func `An event without a proper function is malformed`(_ members: String) {
        let error = #expect(throws: EventError.self) { try change(detail(members)) }
        #expect(error?.label == "Event.Malformed")
        #expect(error?.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) } == true)
    }

    @Test func `A message shows a hostile name bounded and in plain ASCII`() {
        let name = String(repeating: "\\u202e\\u0000\\n\\\"", count: 500)
        let error = #expect(throws: EventError.self) {
            try change(detail(",\"requestParameters\":{\"functionName\":\"\(name)\"}"))
        }
        #expect(error?.description.allSatisfy { $0 == "…" || (" "..."~").contains($0) } == true)
        #expect((error?.description.utf8.count ?? 0) < 1000)
    }

    @Test(arguments: [
        #","responseElements":{"functionArn":5}"#, #","requestParameters":"web""#, #","errorCode":{}"#,
        #","userIdentity":[]"#,
    ])
    func `Members of another type are a fault`(_ members: String) {
        let detail = detail("").dropLast() + members + "}"
        #expect(throws: JSONShapeFault.self) {
            try FunctionChange.Detail(jsonText: Array(detail.utf8))
        }
    }
}

@Suite struct ScanDecisionTests {
    private static let scanner = ScannerIdentity(account: "123456789012", region: "eu-west-1", functionName: "scanner")

    @Test(arguments: [
        (FunctionARN.test("web"), true), (.test("scanner", region: "us-east-1"), true), (.test("Scanner"), true),
        (.test("scanner2"), true), (.test("scanner"), false),
    ])
    func `All but the scanner itself is scanned, namesakes too`(_ function: FunctionARN, _ isScanned: Bool) throws {
        let decision = try ScanDecision(
            FunctionChange(function: function),
            identity: Self.scanner,
            crossAccountRoleName: nil
        )
        #expect(decision == (isScanned ? .scan(function, access: .own) : .skip(reason: "This is the scanner itself.")))
    }

    @Test func `At a person's shell no function is the scanner`() throws {
        let person = ScannerIdentity(account: "123456789012", region: "eu-west-1", functionName: nil)
        let decision = try ScanDecision(
            FunctionChange(function: .test("scanner")),
            identity: person,
            crossAccountRoleName: nil
        )
        #expect(decision == .scan(.test("scanner"), access: .own))
    }

    @Test func `A call that failed is skipped, its code shown in plain ASCII`() throws {
        let change = FunctionChange(function: nil, errorCode: "Access\u{202E}\nDenied")
        let decision = try ScanDecision(change, identity: Self.scanner, crossAccountRoleName: nil)
        #expect(decision == .skip(reason: "The call failed (\"Access\\u{202e}\\u{a}Denied\"): nothing changed."))
    }

    @Test(arguments: [
        ("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso"),
        ("eusc-de-east-1", "aws-eusc"),
    ])
    func `A function of another account is scanned as the role there, a namesake too`(
        _ region: String,
        _ partition: String
    ) throws {
        let function = FunctionARN.test("scanner", region: region, account: "999999999999")
        let decision = try ScanDecision(
            FunctionChange(function: function),
            identity: Self.scanner,
            crossAccountRoleName: "path/Spoke"
        )
        let role = "arn:\(partition):iam::999999999999:role/path/Spoke"
        #expect(decision == .scan(function, access: .role(arn: role)))
    }

    @Test func `A function of our own account needs no role, though there is one`() throws {
        let change = FunctionChange(function: .test("web", region: "us-east-1"))
        let decision = try ScanDecision(change, identity: Self.scanner, crossAccountRoleName: "Spoke")
        #expect(decision == .scan(.test("web", region: "us-east-1"), access: .own))
    }

    @Test func `A function of another account is an error without a role`() {
        let change = FunctionChange(function: .test(account: "999999999999"))
        let error = #expect(throws: EventError.self) {
            try ScanDecision(change, identity: Self.scanner, crossAccountRoleName: nil)
        }
        #expect(error?.label == "Event.ForeignAccount")
        #expect(error?.description.contains("CROSS_ACCOUNT_ROLE_NAME") == true)
    }
}

@Suite struct TimeBudgetTests {
    @Test(arguments: [
        // remaining, then what is kept after the scan, after storing and after reporting
        (Duration.seconds(900), Duration.seconds(30), Duration.seconds(10), Duration.seconds(1)),
        (.seconds(120), .seconds(30), .seconds(10), .seconds(1)),
        (.seconds(60), .seconds(15), .seconds(5), .seconds(1)),
        (.seconds(12), .seconds(3), .seconds(1), .milliseconds(200)),
        (.zero, .zero, .zero, .zero),
        (.seconds(-5), .zero, .zero, .zero),
    ])
    func `Time is kept for what comes after the scan`(
        _ remaining: Duration,
        _ afterScan: Duration,
        _ afterStore: Duration,
        _ afterReport: Duration
    ) {
        let deadline = Deadline(FakeClock.start + remaining)
        let budget = TimeBudget(deadline: deadline, now: FakeClock.start)
        #expect(budget.scan == deadline.keeping(afterScan))
        #expect(budget.store == deadline.keeping(afterStore))
        #expect(budget.report == deadline.keeping(afterReport))
    }
}
