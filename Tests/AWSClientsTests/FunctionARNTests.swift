import AWSClients
import Testing

@Suite struct FunctionARNTests {
    @Test(arguments: AWSPartition.allCases)
    func `An ARN of every partition is read`(_ partition: AWSPartition) throws {
        let text = "arn:\(partition.rawValue):lambda:us-east-1:123456789012:function:my-Function_1"
        let function = try #require(FunctionARN(text))
        #expect(function.partition == partition.rawValue)
        #expect(function.region == "us-east-1")
        #expect(function.account == "123456789012")
        #expect(function.name == "my-Function_1")
        #expect(function.description == text)
    }

    static let longest = String(repeating: "n", count: 64)

    @Test(arguments: [
        "arn:aws:lambda:us-east-1:123456789012:function:f:7",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
        "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST.PUBLISHED",
        "arn:aws:lambda:us-east-1:123456789012:function:f:live", "arn:aws:lambda:us-east-1:123456789012:function:f",
    ])
    func `A version or an alias is left out`(_ text: String) {
        #expect(FunctionARN(text)?.description == "arn:aws:lambda:us-east-1:123456789012:function:f")
    }

    @Test(arguments: [
        ("f", "123456789012", "f"), ("f:7", "123456789012", "f"), ("f:$LATEST", "123456789012", "f"),
        ("f:live", "123456789012", "f"), ("function:f", "123456789012", "f"), ("function:f:7", "123456789012", "f"),
        ("999999999999:function:f", "999999999999", "f"), ("999999999999:function:f:live", "999999999999", "f"),
        ("function:function", "123456789012", "function"), ("function", "123456789012", "function"),
        (longest, "123456789012", longest),
        ("arn:aws:lambda:eu-central-1:999999999999:function:f:7", "999999999999", "f"),
    ])
    func `All that a caller of Lambda may give as a name is read`(_ text: String, _ account: String, _ name: String) {
        let function = FunctionARN(functionName: text, region: "eu-central-1", account: "123456789012")
        #expect(function?.description == "arn:aws:lambda:eu-central-1:\(account):function:\(name)")
    }

    @Test(arguments: [
        ("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov"), ("us-iso-west-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"), ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ])
    func `A bare name is in the partition of its region`(_ region: String, _ partition: String) {
        let function = FunctionARN(functionName: "f", region: region, account: "123456789012")
        #expect(function?.description == "arn:\(partition):lambda:\(region):123456789012:function:f")
    }

    /// Names that would mean something to a shell, a command line, a path, a log or a reader.
    static let hostile = [
        "", " ", "x; id", "--help", "-h", "-", "../..", "a/b", "a b", "a\tb", "a\nb", "a\r\nb", "f\u{0}", "\u{0}",
        String(repeating: "a", count: 65), String(repeating: "a", count: 500), "f\u{202E}txt.exe", "\u{200F}f",
        "f\u{301}", "١٢٣", "ｆ", "f٠", "é", "$(id)", "`id`", "%2e%2e", "f?x=y", "f#", "f\\", "f\"", "{f}", "f.zip", "*",
        "f:", "f:7:8", "f:a b", "f:7\n", "f::7", ":f", "function:", "function:f:", "1:function:f",
        "12345678901a:function:f", "１２３４５６７８９０１２:function:f", "999999999999:function:", "$LATEST", "f:$latest",
        "f:$LATEST.published",
        "arn:", "arn:aws:lambda", "arn:aws:lambda:us-east-1:123456789012:function",
        "arn:aws:lambda:us-east-1:123456789012:function:", "arn:aws:lambda:us-east-1:123456789012:function:../..",
        "arn:aws:lambda:us-east-1:123456789012:function:--help",
        "arn:aws:lambda:us-east-1:123456789012:function:f:", "arn:aws:lambda:us-east-1:123456789012:function:f:7:8",
        "arn:aws:lambda:us-east-1:123456789012:layer:f", "arn:aws:s3:us-east-1:123456789012:function:f",
        "arn:aws-evil:lambda:us-east-1:123456789012:function:f", "arn::lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda::123456789012:function:f", "arn:aws:lambda:US-EAST-1:123456789012:function:f",
        "arn:aws:lambda:evil.example/:123456789012:function:f", "arn:aws:lambda:us-east-1::function:f",
        "arn:aws:lambda:us-east-1:12345678901:function:f", "arn:aws:lambda:us-east-1:1234567890123:function:f",
        "arn:aws:lambda:us-east-1:١٢٣٤٥٦٧٨٩٠١٢:function:f", "arn:aws:lambda:us-east-1:123456789012:function:f\n",
        " arn:aws:lambda:us-east-1:123456789012:function:f", "ARN:aws:lambda:us-east-1:123456789012:function:f",
    ]

    @Test(arguments: hostile)
    func `A hostile name is no function`(_ text: String) {
        #expect(FunctionARN(functionName: text, region: "us-east-1", account: "123456789012") == nil)
        #expect(FunctionARN(text) == nil)
        if !text.contains(":") {
            #expect(FunctionARN("arn:aws:lambda:us-east-1:123456789012:function:" + text) == nil)
        }
    }

    @Test(arguments: ["", "US-EAST-1", "us east 1", "eu-west-1.evil.example", "../", String(repeating: "a", count: 33)])
    func `A bare name needs a proper region`(_ region: String) {
        #expect(FunctionARN(functionName: "f", region: region, account: "123456789012") == nil)
    }

    @Test(arguments: ["", "1234", "12345678901x", "1234567890123", "１２３４５６７８９０１２"])
    func `A bare name needs a proper account`(_ account: String) {
        #expect(FunctionARN(functionName: "f", region: "us-east-1", account: account) == nil)
    }
}
