/// Events as they come.
enum SampleEvents {
    static func cloudTrail(
        _ name: String = "web",
        event: String = "UpdateFunctionCode20150331v2",
        account: String = "123456789012",
        error: String? = nil
    ) -> String {
        let arn = "arn:aws:lambda:eu-west-1:\(account):function:\(name)"
        let error = error.map { "\"errorCode\":\"\($0)\",\"errorMessage\":\"No.\"," } ?? ""
        return """
            {"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"AWS API Call via CloudTrail",
            "source":"aws.lambda","account":"\(account)","time":"2026-11-21T03:00:40Z","region":"eu-west-1","resources":[],
            "detail":{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","accountId":"\(account)",
            "sessionContext":{"attributes":{"mfaAuthenticated":"false"}}},"eventTime":"2026-11-21T03:00:39Z",
            "eventSource":"lambda.amazonaws.com","eventName":"\(event)","awsRegion":"eu-west-1",\(error)
            "sourceIPAddress":"192.0.2.1","requestParameters":{"functionName":"\(name)","publish":true,"dryRun":false},
            "responseElements":{"functionName":"\(name)","functionArn":"\(arn):7","codeSize":265,"layers":null,
            "environment":{},"tracingConfig":{"mode":"PassThrough"},"timeout":3},"readOnly":false,
            "recipientAccountId":"\(account)"}}
            """
    }

    static let scheduled = """
        {"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","account":"123456789012",
        "time":"2026-11-21T03:00:00Z","region":"eu-west-1","resources":["arn:aws:events:eu-west-1:1:rule/x"],"detail":{}}
        """

    static let job = #"{"job":"host-detections","batch_size":500,"ids":["1-9"],"status":null}"#
    static let jobInDetail = #"{"detail-type":"Nightly","source":"own","detail":{"job":"was-snapshot","full":true}}"#

    static func batch(_ bodies: [String]) -> String {
        let records = bodies.enumerated().map { index, body in
            """
            {"messageId":"m-\(index + 1)","receiptHandle":"AQEB","body":\(quoted(body)),"attributes":{"SentTimestamp":"1"},
            "messageAttributes":{},"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q"}
            """
        }
        return "{\"Records\":[\(records.joined(separator: ","))]}"
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        return "\"\(escaped)\""
    }

    static var all: [String] {
        [
            cloudTrail(), cloudTrail("api", event: "CreateFunction20150331"), cloudTrail("x", error: "AccessDenied"),
            cloudTrail("web", event: "UpdateFunctionConfiguration20150331v2", account: "999999999999"), scheduled, job,
            jobInDetail, batch([cloudTrail(), job]), batch([batch([cloudTrail()])]), batch([]), "{}", "[]", "null",
        ]
    }
}
