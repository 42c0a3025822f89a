import HTTPTransport
import Support
import TestSupport
import Testing

@testable import AWSClients

@Suite struct AWSErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var status = 400
        var headers: HTTPHeaders = [:]
        var body: String
        var code: String
        var message = "no message"

        var testDescription: String { body.isEmpty ? "\(status) \(headers)" : String(body.prefix(60)) }
    }

    static let cases = [
        Case(
            body: #"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Slow"}"#,
            code: "ThrottlingException",
            message: "Slow"
        ),
        Case(
            body: #"{"__type":"ResourceNotFoundException","Message":"Gone"}"#,
            code: "ResourceNotFoundException",
            message: "Gone"
        ),
        Case(body: #"{"code":"AccessDenied","message":"No"}"#, code: "AccessDenied", message: "No"),
        Case(
            status: 404,
            headers: ["X-Amzn-Errortype": "ResourceNotFoundException:http://internal.amazon.com/coral/"],
            body: #"{"Type":"User","Message":"Function not found"}"#,
            code: "ResourceNotFoundException",
            message: "Function not found"
        ),
        Case(
            status: 403,
            body: "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>No &amp; no</Message></Error>",
            code: "AccessDenied",
            message: "No & no"
        ),
        Case(
            body: "<ErrorResponse xmlns=\"http://sns\"><Error><Type>Sender</Type><Code>Throttling</Code>"
                + "<Message>Rate</Message></Error><RequestId>1</RequestId></ErrorResponse>",
            code: "Throttling",
            message: "Rate"
        ),
        Case(status: 503, body: "<html><body><h1>503 Service Unavailable</h1></body></html>", code: "HTTP503"),
        Case(status: 502, body: "<html><body><br>not XML at all", code: "HTTP502"),
        Case(status: 500, body: "", code: "HTTP500"),
        Case(status: 403, headers: ["x-amzn-ErrorType": "AccessDenied"], body: "", code: "AccessDenied"),
        Case(status: 400, body: "{}", code: "HTTP400"),
        Case(status: 400, body: "[1,2]", code: "HTTP400"),
        Case(status: 400, body: #"{"__type":"","message":"Empty"}"#, code: "HTTP400", message: "Empty"),
        Case(status: 400, body: ##"{"__type":"#","message":"Odd"}"##, code: "HTTP400", message: "Odd"),
        Case(
            status: 400,
            headers: ["x-amzn-ErrorType": "x\u{1B}[31m y"],
            body: #"{"__type":"a\r\nX-Injected: 1"}"#,
            code: "HTTP400"
        ),
        Case(
            status: 500,
            body: "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
                + "<Error><Code>&b;</Code></Error>",
            code: "HTTP500"
        ),
        Case(
            status: 500,
            body: "<!DOCTYPE e [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><Error><Code>&f;</Code></Error>",
            code: "HTTP500"
        ),
    ]

    @Test(arguments: cases)
    func `An error answer is read in all of AWS's forms`(_ item: Case) {
        let response = HTTPResponse(item.status, item.body, headers: item.headers)
        let error = AWSError(response, service: .lambda, action: "GetFunction")
        #expect(error.code == item.code)
        #expect(error.message == item.message)
        #expect(error.status == item.status)
        #expect(error.label == "AWS.\(item.code)")
        #expect(
            error.description
                == "lambda GetFunction failed with \(item.code) (HTTP \(item.status)): \(item.message)"
        )
    }

    @Test func `A refused signature's canonical request, session token included, is not in the message`() {
        let body = """
            {"message":"The request signature we calculated does not match the signature you provided.\\n\\nThe \
            Canonical String for this request should have been\\n'POST\\n/\\n\\nx-amz-security-token:session-token-1\\n'"}
            """
        let error = AWSError(HTTPResponse(403, body), service: .sts, action: "AssumeRole")
        #expect(error.message == "The request signature we calculated does not match the signature you provided.")
        #expect(!error.description.contains("session-token-1"))
    }

    @Test func `A long message and a long code are cut`() {
        let long = String(repeating: "x", count: 60_000)
        let error = AWSError(
            HTTPResponse(400, #"{"__type":"\#(long)","message":"\#(long)"}"#),
            service: .s3,
            action: "A"
        )
        #expect(error.label.utf8.count <= 70)
        #expect(error.description.utf8.count < 2000)
    }

    @Test func `A transfer that failed shows no more of the address than its origin`() {
        let failure = HTTPError(.dropped, origin: "https://bucket.example", detail: "reset")
        let error = AWSError(failure, service: .s3, action: "PutObject")
        #expect(error.label == "Transport.dropped")
        #expect(error.status == 0)
        #expect(
            error.description == "s3 PutObject failed with Transport.dropped: "
                + "The transfer with https://bucket.example failed (dropped): reset"
        )
    }
}

@Suite struct XMLTextsTests {
    @Test func `Elements are found by name, and of several the first`() throws {
        let xml = "<a><Key>1</Key><b><Key>2</Key></b><Text>x<!-- c --><![CDATA[<y>]]>&#65;&lt;</Text><Empty/></a>"
        let texts = try #require(XMLTexts(Array(xml.utf8)))
        #expect(texts["Key"] == "1")
        #expect(texts["Text"] == "x<y>A<")
        #expect(texts["Empty"] == "")
        #expect(texts["None"] == nil)
    }

    @Test(arguments: [
        "", " ", "{}", "<a>", "<a></b>", "<a/><b/>", "<a>&undefined;</a>", "<!DOCTYPE a><a/>", "<a>\u{1}</a>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "<!DOCTYPE a SYSTEM \"http://evil.example/a.dtd\"><a/>",
    ])
    func `What is not plain XML is refused`(_ text: String) {
        #expect(XMLTexts(Array(text.utf8)) == nil)
    }

    @Test func `What nests too deep is refused`() {
        for depth in [33, 100_000] {
            let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
            #expect(XMLTexts(Array(text.utf8)) == nil)
        }
    }

    @Test func `Bytes that are not UTF-8 are refused`() {
        #expect(XMLTexts([0x3C, 0x61, 0x3E, 0xFF, 0xFE, 0x3C, 0x2F, 0x61, 0x3E]) == nil)
    }

    @Test func `A long text comes whole`() {
        let long = String(repeating: "é\n", count: 500_000)
        #expect(XMLTexts(Array("<a><b>\(long)</b></a>".utf8))?["b"] == long)
    }
}
