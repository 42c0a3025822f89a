import HTTPTransport
import JSONStream
import Support

/// A call to AWS that did not succeed.
package struct AWSError: Failure, Equatable {
    package let service: AWSService

    /// The operation, such as `GetFunction`.
    package let action: String

    /// 0 when no answer came.
    package let status: Int

    /// The service's own error code, such as `ThrottlingException`; for a failed transfer `Transport.<reason>`.
    package let code: String
    package let message: String

    /// The answer as it came, for the calls whose errors carry more than a code. Never shown.
    let body: [UInt8]

    package init(
        service: AWSService,
        action: String,
        status: Int,
        code: String,
        message: String,
        body: [UInt8] = []
    ) {
        self.service = service
        self.action = action
        self.status = status
        self.code = code
        self.message = message
        self.body = body
    }

    package var label: String {
        // Where no answer came the code is ours, and has its category already.
        guard status != 0 else { return code }
        return "AWS.\(String(code.prefix(64).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }))"
    }

    package var description: String {
        "\(service.rawValue) \(action) failed with \(code)\(status == 0 ? "" : " (HTTP \(status))"): \(message)"
    }
}

extension AWSError {
    init(_ error: HTTPError, service: AWSService, action: String) {
        self.init(
            service: service,
            action: action,
            status: 0,
            code: "Transport.\(error.reason)",
            message: error.description
        )
    }

    init(_ error: CredentialError, service: AWSService, action: String) {
        self.init(service: service, action: action, status: 0, code: error.label, message: error.description)
    }

    /// Reads an error answer in any of AWS's forms: JSON with `__type` or `code` (the type may also be in the header
    /// `x-amzn-ErrorType`), or XML with `<Code>` and `<Message>`.
    init(_ response: HTTPResponse, service: AWSService, action: String) {
        var code: String?
        var message: String?
        if let json = try? JSONErrorBody(jsonText: response.body) {
            code = json.code
            message = json.message
        } else if let xml = XMLTexts(response.body) {
            code = xml["Code"]
            message = xml["Message"]
        }
        self.init(
            service: service,
            action: action,
            status: response.status,
            code: Self.code(code) ?? Self.code(response.headers["x-amzn-ErrorType"]) ?? "HTTP\(response.status)",
            message: message.map(Self.sentence) ?? "no message",
            body: response.body
        )
    }

    /// The bare code: the header is `Code:http://...`, the member may be `com.amazonaws...#Code`. It becomes a label, so
    /// what is no word is none.
    static func code(_ text: String?) -> String? {
        guard let code = text?.split(separator: "#").last?.split(separator: ":").first, code.utf8.count <= 128,
            code.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) })
        else { return nil }
        return String(code)
    }

    /// The first line. After it AWS shows the request that a signature does not fit, session token included.
    static func sentence(_ message: String) -> String {
        String(message.prefix { !$0.isNewline }.prefix(1000))
    }

    private struct JSONErrorBody: JSONReadable {
        let code: String?
        let message: String?

        init(json: JSONValue) throws(JSONShapeFault) {
            try json.checkObject()
            code = json["__type"]?.text ?? json["code"]?.text ?? json["Code"]?.text
            message = json["message"]?.text ?? json["Message"]?.text
        }
    }
}

extension AWSError {
    /// Whether the same call may succeed later: the SDKs' standard list of throttling and transient errors.
    /// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    var mayPass: Bool {
        Self.throttlingCodes.contains(code) || Self.transientCodes.contains(code) || status == 429
            || [500, 502, 503, 504].contains(status)
    }

    /// Whether the credentials were refused as too old, so that fresh ones may do.
    var saysCredentialsExpired: Bool {
        ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"].contains(code)
    }

    private static let throttlingCodes: Set<String> = [
        "BandwidthLimitExceeded", "EC2ThrottledException", "LimitExceededException", "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException", "TransactionInProgressException",
    ]

    /// Lambda answers with a conflict while an update of the function is under way, which is when we come.
    private static let transientCodes: Set<String> = [
        "InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "RequestTimeoutException",
        "ResourceConflictException", "ServiceUnavailable",
    ]
}
