import Hashing
package import Support

/// What of a request goes into its signature.
package struct RequestToSign: Sendable {
    package var method: String

    /// The path as it is sent: percent-encoded, beginning with a slash.
    package var path: String

    /// The query as it is sent: percent-encoded, without the question mark.
    package var query: String

    /// All headers that are sent, `host` included. Those that proxies may change are left out of the signature.
    package var headers: [(name: String, value: String)]

    /// The SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD` for S3.
    package var payloadHash: String

    package init(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        payloadHash: String
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payloadHash = payloadHash
    }
}

/// AWS Signature Version 4 in its header form, as a pure value.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
package struct Signer: Sendable {
    /// How the path gets into the signature; see `CanonicalRequest.path`.
    package enum PathRule: Sendable {
        /// S3.
        case asSent
        /// Every other service.
        case normalizedAndEncodedAgain
    }

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// Proxies and tracing rewrite these; botocore leaves out the same ones.
    private static let unsignedHeaders: Set<String> = [
        "authorization", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    ]

    private let credentials: AWSCredentials
    private let region: String
    private let service: String
    private let pathRule: PathRule

    /// - Parameter service: The signing name, such as `secretsmanager`. `s3` brings S3's own rules with it.
    package init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.pathRule = service == "s3" ? .asSent : .normalizedAndEncodedAgain
    }

    /// The headers to add to the request: `X-Amz-Date`, `X-Amz-Security-Token` for temporary credentials,
    /// `X-Amz-Content-SHA256` for S3, and `Authorization`.
    package func headers(for request: RequestToSign, at now: Timestamp) -> [(name: String, value: String)] {
        var added = [(name: "X-Amz-Date", value: now.basicISO8601)]
        if let token = credentials.sessionToken {
            added.append((name: "X-Amz-Security-Token", value: token.exposed))
        }
        if service == "s3" {
            added.append((name: "X-Amz-Content-SHA256", value: request.payloadHash))
        }

        let signed = (request.headers + added).filter { !Self.unsignedHeaders.contains($0.name.lowercased()) }
        let canonical = CanonicalRequest(request, headers: signed, pathRule: pathRule)
        let scope = "\(now.day)/\(region)/\(service)/aws4_request"
        let textToSign = [
            Self.algorithm,
            now.basicISO8601,
            scope,
            hexText(SHA256.digest(canonical.text.utf8)),
        ].joined(separator: "\n")

        var key = Array("AWS4\(credentials.secretAccessKey.exposed)".utf8)
        for part in [now.day, region, service, "aws4_request"] {
            key = hmacSHA256(key: key, Array(part.utf8))
        }
        let signature = hexText(hmacSHA256(key: key, Array(textToSign.utf8)))
        added.append(
            (
                name: "Authorization",
                value: "\(Self.algorithm) Credential=\(credentials.accessKeyID)/\(scope), "
                    + "SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
            )
        )
        return added
    }
}
