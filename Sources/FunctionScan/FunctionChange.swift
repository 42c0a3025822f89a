package import AWSClients
package import JSONStream
package import Support

/// A function that somebody created or changed, as CloudTrail tells it through EventBridge.
package struct FunctionChange: Sendable, Equatable {
    package static let eventNames: Set<String> = [
        creation, "UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2",
    ]

    private static let creation = "CreateFunction20150331"

    /// The function, or nil when the call failed, so that nothing changed.
    package let function: FunctionARN?

    /// The error code of a call that failed.
    package let errorCode: String?

    /// When the function was created, if that is the change.
    package let created: Timestamp?

    package init(function: FunctionARN?, errorCode: String? = nil, created: Timestamp? = nil) {
        self.function = function
        self.errorCode = errorCode
        self.created = created
    }

    /// The `detail` of an event of detail type `AWS API Call via CloudTrail`, as far as it is needed.
    ///
    /// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    package struct Detail: JSONReadable, Sendable {
        let eventSource: String?
        let eventName: String?
        let eventTime: String?
        let awsRegion: String?
        let errorCode: String?
        let recipientAccountId: String?
        let userIdentity: UserIdentity?
        let requestParameters: RequestParameters?
        let responseElements: ResponseElements?

        package init(json: JSONValue) throws(JSONShapeFault) {
            eventSource = try json.member(optional: "eventSource")
            eventName = try json.member(optional: "eventName")
            eventTime = try json.member(optional: "eventTime")
            awsRegion = try json.member(optional: "awsRegion")
            errorCode = try json.member(optional: "errorCode")
            recipientAccountId = try json.member(optional: "recipientAccountId")
            userIdentity = try json.member(optional: "userIdentity")
            requestParameters = try json.member(optional: "requestParameters")
            responseElements = try json.member(optional: "responseElements")
        }

        struct UserIdentity: JSONReadable, Sendable {
            let accountId: String?

            init(json: JSONValue) throws(JSONShapeFault) {
                accountId = try json.member(optional: "accountId")
            }
        }

        struct RequestParameters: JSONReadable, Sendable {
            let functionName: String?

            init(json: JSONValue) throws(JSONShapeFault) {
                functionName = try json.member(optional: "functionName")
            }
        }

        struct ResponseElements: JSONReadable, Sendable {
            let functionArn: String?

            init(json: JSONValue) throws(JSONShapeFault) {
                functionArn = try json.member(optional: "functionArn")
            }
        }
    }

    /// - Parameters:
    ///   - account: The event's own account, which is the function's whoever made the call.
    ///   - region: The event's own region.
    package init(_ detail: Detail, account: String?, region: String?) throws(EventError) {
        guard detail.eventSource == "lambda.amazonaws.com", let eventName = detail.eventName,
            Self.eventNames.contains(eventName)
        else {
            throw .unsupported(
                "The CloudTrail event \(quoted(detail.eventName ?? "without a name")) of "
                    + "\(quoted(detail.eventSource ?? "no source")) is not one of "
                    + "\(Self.eventNames.sorted().joined(separator: ", "))."
            )
        }
        if let errorCode = detail.errorCode {
            self.init(function: nil, errorCode: errorCode)
            return
        }
        self.init(
            function: try Self.function(of: detail, account: account, region: region),
            created: eventName == Self.creation ? detail.eventTime.flatMap { Timestamp(iso8601: $0) } : nil
        )
    }

    private static func function(
        of detail: Detail,
        account: String?,
        region: String?
    ) throws(EventError) -> FunctionARN {
        if let text = detail.responseElements?.functionArn {
            guard let function = FunctionARN(text) else {
                throw .malformed("responseElements.functionArn is not the ARN of a function: \(quoted(text))")
            }
            return function
        }
        guard let text = detail.requestParameters?.functionName else {
            throw .malformed("The event names no function: it has neither functionArn nor functionName.")
        }
        let owner = account ?? detail.recipientAccountId ?? detail.userIdentity?.accountId ?? ""
        guard
            let function = FunctionARN(
                functionName: text,
                region: detail.awsRegion ?? region ?? "",
                account: owner
            )
        else {
            throw .malformed("requestParameters.functionName is not a function's name or ARN: \(quoted(text))")
        }
        return function
    }
}
