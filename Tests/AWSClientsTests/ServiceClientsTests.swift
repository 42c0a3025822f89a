import AWSSigning
import HTTPTransport
import Support
import Telemetry
import TestSupport
import Testing

@testable import AWSClients

@Suite struct LambdaClientTests {
    private static let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"

    @Test func `A zip function is described`() async throws {
        let http = FakeHTTP([
            .answer(
                200,
                """
                {"Configuration":{"FunctionName":"f","FunctionArn":"\(Self.arn)","Runtime":"python3.13","CodeSize":42,
                "CodeSha256":"abc=","PackageType":"Zip","LastModified":"2026-11-20T00:00:00.000+0000","New":[1],
                "Layers":[{"Arn":"l1","CodeSize":1},{"Arn":"l2"}]},
                "Code":{"RepositoryType":"S3","Location":"https://bucket/x?X-Amz-Signature=presigned"},"Tags":{}}
                """
            )
        ])
        let function = try #require(try await LambdaClient(.test(http)).function(Self.arn, .test()))
        #expect(function.packageType == .zip)
        #expect(function.runtime == "python3.13")
        #expect(function.codeSHA256 == "abc=")
        #expect(function.layers == ["l1", "l2"])
        #expect(function.lastModified == "2026-11-20T00:00:00.000+0000")
        #expect(function.packageLocation?.exposed == "https://bucket/x?X-Amz-Signature=presigned")
        #expect(!"\(function)".contains("presigned"))
        #expect(http.requests.first?.method == "GET")
        #expect(
            http.requests.first?.url == "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/"
                + "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af"
        )
    }

    @Test func `An image function's address stands under Code, and it has no package`() async throws {
        let http = FakeHTTP([
            .answer(
                200,
                """
                {"Configuration":{"FunctionName":"f","FunctionArn":"\(Self.arn)","CodeSha256":"abc","PackageType":"Image"},
                "Code":{"RepositoryType":"ECR","ImageUri":"1.dkr.ecr/x:1","Location":"https://odd.example/"}}
                """
            )
        ])
        let function = try #require(try await LambdaClient(.test(http)).function("f", .test()))
        #expect(function.packageType == .image)
        #expect(function.imageURI == "1.dkr.ecr/x:1")
        #expect(function.packageLocation == nil)
        #expect(function.runtime == nil)
        #expect(function.layers.isEmpty)
    }

    @Test func `A function that is gone is nil`() async throws {
        let http = FakeHTTP([.answer(404, "{}", headers: ["x-amzn-ErrorType": "ResourceNotFoundException"])])
        #expect(try await LambdaClient(.test(http)).function("f", .test()) == nil)
        #expect(http.requests.count == 1)
    }

    @Test(arguments: ["", "[]", "{}", #"{"Configuration":{"FunctionName":"f"}}"#, "<html/>"])
    func `An answer that describes no function is an error`(_ body: String) async {
        let error = await #expect(throws: AWSError.self) {
            try await LambdaClient(.test(FakeHTTP([.answer(200, body)]))).function("f", .test())
        }
        #expect(error?.code == "Answer.Unreadable")
    }

    @Test func `A refusal is an error, not a function that is gone`() async {
        let http = FakeHTTP([.answer(403, "{}", headers: ["x-amzn-ErrorType": "AccessDeniedException"])])
        await #expect(throws: AWSError.self) { try await LambdaClient(.test(http)).function("f", .test()) }
    }

    @Test func `Tags are added by the function's ARN`() async throws {
        let http = FakeHTTP([.answer(204)])
        try await LambdaClient(.test(http)).tag(
            Self.arn,
            [(name: "a", value: "1\"2"), (name: "b", value: "é")],
            .test()
        )
        let sent = try #require(http.requests.first)
        #expect(sent.method == "POST")
        #expect(
            sent.url == "https://lambda.eu-west-1.amazonaws.com/2017-03-31/tags/"
                + "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af"
        )
        #expect(try JSON(sent.bodyBytes) == ["Tags": ["a": "1\"2", "b": "é"]])
    }
}

@Suite struct DynamoDBClientTests {
    private let expression = DynamoDBClient.Expression(
        update: "SET #a = :a",
        condition: "attribute_not_exists(b)",
        names: ["#a": "ttl"],
        values: [":a": .number(-7), ":t": .text("x\"y")]
    )

    private func update(_ answer: Result<HTTPResponse, HTTPError>) async throws -> DynamoDBClient.UpdateOutcome {
        try await DynamoDBClient(.test(FakeHTTP([answer]))).update(
            table: "t",
            key: ["k": .text("v")],
            expression,
            .test()
        )
    }

    @Test func `An update is one conditional write that asks for the row when it is refused`() async throws {
        let http = FakeHTTP([.answer(200, "{}")])
        let client = DynamoDBClient(.test(http))
        #expect(try await client.update(table: "t", key: ["k": .text("v")], expression, .test()) == .updated)
        let sent = try #require(http.requests.first)
        #expect(sent.url == "https://dynamodb.eu-west-1.amazonaws.com/")
        #expect(sent.headers["X-Amz-Target"] == "DynamoDB_20120810.UpdateItem")
        #expect(sent.headers["Content-Type"] == "application/x-amz-json-1.0")
        #expect(
            try JSON(sent.bodyBytes) == [
                "TableName": "t",
                "Key": ["k": ["S": "v"]],
                "UpdateExpression": "SET #a = :a",
                "ConditionExpression": "attribute_not_exists(b)",
                "ExpressionAttributeNames": ["#a": "ttl"],
                "ExpressionAttributeValues": [":a": ["N": "-7"], ":t": ["S": "x\"y"]],
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            ]
        )
    }

    @Test func `Names and values are left out when there are none, which DynamoDB asks for`() async throws {
        let http = FakeHTTP([.answer(200, "{}")])
        let bare = DynamoDBClient.Expression(
            update: "REMOVE a",
            condition: "attribute_exists(a)",
            names: [:],
            values: [:]
        )
        _ = try await DynamoDBClient(.test(http)).update(table: "t", key: [:], bare, .test())
        let names = try JSON(http.requests[0].bodyBytes).names
        #expect(!names.contains("ExpressionAttributeNames"))
        #expect(!names.contains("ExpressionAttributeValues"))
    }

    @Test func `A refusal brings the row, without what nobody here wrote`() async throws {
        let body = """
            {"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional",
            "Item":{"a":{"S":"text"},"b":{"N":"42"},"c":{"BOOL":true},"d":{"N":"1.5"},"e":{"L":[{"S":"x"}]},"f":{"NULL":true}}}
            """
        #expect(try await update(.answer(400, body)) == .refused(["a": .text("text"), "b": .number(42)]))
    }

    @Test(arguments: [
        #"{"__type":"ConditionalCheckFailedException","message":"m"}"#,
        #"{"__type":"ConditionalCheckFailedException","Item":{"a":{"S":5}}}"#,
        #"{"__type":"ConditionalCheckFailedException","Item":[]}"#,
    ])
    func `A refusal without a row that can be read is still a refusal`(_ body: String) async throws {
        #expect(try await update(.answer(400, body)) == .refused(nil))
    }

    @Test func `Any other error is an error`() async {
        await #expect(throws: AWSError.self) {
            try await update(.answer(400, #"{"__type":"ResourceNotFoundException"}"#))
        }
    }

    @Test func `A row is read as it is now`() async throws {
        let http = FakeHTTP([.answer(200, #"{"Item":{"a":{"S":"x"}}}"#), .answer(200, "{}")])
        let client = DynamoDBClient(.test(http))
        #expect(try await client.get(table: "t", key: ["k": .text("v")], .test()) == ["a": .text("x")])
        #expect(try await client.get(table: "t", key: ["k": .text("v")], .test()) == nil)
        #expect(
            try JSON(http.requests[0].bodyBytes)
                == ["TableName": "t", "Key": ["k": ["S": "v"]], "ConsistentRead": true]
        )
    }
}

@Suite struct QueryProtocolTests {
    @Test func `A message is published as a form, with its attributes`() async throws {
        let http = FakeHTTP([.answer(200, "<PublishResponse/>")])
        try await SNSClient(.test(http)).publish(
            topicARN: "arn:aws:sns:eu-west-1:123456789012:t",
            subject: "a+b=c&d",
            message: #"{"x": "é ~*"}"#,
            attributes: [(name: "max_severity", value: "critical"), (name: "region", value: "eu-west-1")],
            .test()
        )
        let sent = try #require(http.requests.first)
        #expect(sent.url == "https://sns.eu-west-1.amazonaws.com/")
        #expect(sent.method == "POST")
        #expect(sent.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8")
        #expect(
            sent.bodyText == "Action=Publish&Version=2010-03-31"
                + "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3At&Subject=a%2Bb%3Dc%26d"
                + "&Message=%7B%22x%22%3A%20%22%C3%A9%20~%2A%22%7D"
                + "&MessageAttributes.entry.1.Name=max_severity&MessageAttributes.entry.1.Value.DataType=String"
                + "&MessageAttributes.entry.1.Value.StringValue=critical"
                + "&MessageAttributes.entry.2.Name=region&MessageAttributes.entry.2.Value.DataType=String"
                + "&MessageAttributes.entry.2.Value.StringValue=eu-west-1"
        )
    }

    @Test func `The caller's identity is read`() async throws {
        let body = """
            <GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn>
            <UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>
            """
        let http = FakeHTTP([.answer(200, body)])
        let identity = try await STSClient(.test(http)).callerIdentity(.test())
        #expect(identity == (account: "123456789012", arn: "arn:aws:iam::123456789012:user/u"))
        #expect(http.requests.first?.bodyText == "Action=GetCallerIdentity&Version=2011-06-15")
    }
}

@Suite struct SecretsManagerClientTests {
    @Test func `A secret's text is read, and prints as nothing`() async throws {
        let http = FakeHTTP([.answer(200, #"{"ARN":"a","SecretString":"{\"token\":\"hidden\"}","VersionId":"1"}"#)])
        let secret = try await SecretsManagerClient(.test(http)).secretString("arn:of:secret", .test())
        #expect(secret.exposed == #"{"token":"hidden"}"#)
        #expect("\(secret)" == "[redacted]")
        let sent = try #require(http.requests.first)
        #expect(sent.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue")
        #expect(sent.headers["Content-Type"] == "application/x-amz-json-1.1")
        #expect(try JSON(sent.bodyBytes) == ["SecretId": "arn:of:secret"])
    }

    @Test(arguments: [#"{"SecretBinary":"aGlkZGVu"}"#, #"{"SecretString":5,"x":"hidden"}"#, "hidden", ""])
    func `An answer without a text is an error that shows nothing of it`(_ body: String) async {
        let error = await #expect(throws: AWSError.self) {
            try await SecretsManagerClient(.test(FakeHTTP([.answer(200, body)]))).secretString("s", .test())
        }
        #expect(error?.code == "Answer.Unreadable")
        #expect(error?.description.contains("hidden") == false)
    }
}
