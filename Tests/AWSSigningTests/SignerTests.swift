import AWSSigning
import Hashing
import Support
import Testing

/// AWS's published examples: the Signature Version 4 test suite, and those of the S3 documentation.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
@Suite struct SignerTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "GET"
        var path = "/"
        var query = ""
        var headers: [(name: String, value: String)] = []
        var body = ""
        var signature: String

        var testDescription: String { name }
    }

    private static let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    private static let postVanilla = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"

    /// The suite encodes its paths once; the raw ones come out the same.
    static let suite = [
        Example(name: "get-vanilla", signature: vanilla),
        Example(
            name: "get-vanilla-query-order-key-case",
            query: "Param2=value2&Param1=value1",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        Example(
            name: "get-vanilla-empty-query-key",
            query: "Param1=value1",
            signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
        ),
        Example(
            name: "get-vanilla-utf8-query",
            query: "%E1%88%B4=bar",
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
        Example(
            name: "get-utf8",
            path: "/\u{1234}",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
        ),
        Example(
            name: "get-space",
            path: "/example space/",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"
        ),
        Example(
            name: "get-unreserved",
            path: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"
        ),
        Example(name: "get-slash", path: "//", signature: vanilla),
        Example(
            name: "get-slashes",
            path: "//example//",
            signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"
        ),
        Example(name: "get-slash-dot-slash", path: "/./", signature: vanilla),
        Example(
            name: "get-slash-pointless-dot",
            path: "/./example",
            signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"
        ),
        Example(name: "get-relative", path: "/example/..", signature: vanilla),
        Example(name: "get-relative-relative", path: "/example1/example2/../..", signature: vanilla),
        Example(
            name: "get-header-key-duplicate",
            headers: [
                (name: "My-Header1", value: "value2"), (name: "My-Header1", value: "value2"),
                (name: "My-Header1", value: "value1"),
            ],
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
        ),
        Example(
            name: "get-header-value-order",
            headers: [
                (name: "My-Header1", value: "value4"), (name: "My-Header1", value: "value1"),
                (name: "my-header1", value: "value3"), (name: "MY-HEADER1", value: "value2"),
            ],
            signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"
        ),
        Example(
            name: "get-header-value-trim",
            headers: [(name: "My-Header1", value: " value1"), (name: "My-Header2", value: " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Example(name: "post-vanilla", method: "POST", signature: postVanilla),
        Example(
            name: "post-vanilla-query",
            method: "POST",
            query: "Param1=value1",
            signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"
        ),
        Example(
            name: "post-header-key-sort",
            method: "POST",
            headers: [(name: "My-Header1", value: "value1")],
            signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"
        ),
        Example(
            name: "post-header-value-case",
            method: "POST",
            headers: [(name: "My-Header1", value: "VALUE1")],
            signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        ),
        Example(
            name: "post-x-www-form-urlencoded",
            method: "POST",
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded")],
            body: "Param1=value1",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        ),
        Example(
            name: "post-x-www-form-urlencoded-parameters",
            method: "POST",
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf8")],
            body: "Param1=value1",
            signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"
        ),
    ]

    @Test(arguments: suite)
    func `AWS's test suite is agreed with`(_ example: Example) throws {
        let signer = Signer(
            credentials: AWSCredentials(
                accessKeyID: "AKIDEXAMPLE",
                secretAccessKey: Redacted("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            ),
            region: "us-east-1",
            service: "service"
        )
        let authorization = try authorization(signer, example, host: "example.amazonaws.com", "2015-08-30T12:36:00Z")
        #expect(
            authorization.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="
            )
        )
        #expect(authorization.hasSuffix(", Signature=\(example.signature)"))
    }

    static let objects = [
        Example(
            name: "GET Object",
            path: "/test.txt",
            headers: [(name: "Range", value: "bytes=0-9")],
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        ),
        Example(
            name: "PUT Object",
            method: "PUT",
            path: "/test%24file.text",
            headers: [
                (name: "Date", value: "Fri, 24 May 2013 00:00:00 GMT"),
                (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
            ],
            body: "Welcome to Amazon S3.",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        ),
        Example(
            name: "GET Bucket Lifecycle",
            query: "lifecycle",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        ),
        Example(
            name: "Get Bucket (List Objects)",
            query: "max-keys=2&prefix=J",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        ),
    ]

    @Test(arguments: objects)
    func `S3's examples are agreed with`(_ example: Example) throws {
        let signer = Signer(
            credentials: AWSCredentials(
                accessKeyID: "AKIAIOSFODNN7EXAMPLE",
                secretAccessKey: Redacted("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            ),
            region: "us-east-1",
            service: "s3"
        )
        let host = "examplebucket.s3.amazonaws.com"
        let authorization = try authorization(signer, example, host: host, "2013-05-24T00:00:00Z")
        #expect(authorization.hasSuffix(", Signature=\(example.signature)"))
    }

    @Test func `Temporary credentials bring their token, and no header that a proxy may change is signed`() throws {
        let credentials = AWSCredentials(
            accessKeyID: "AKID",
            secretAccessKey: Redacted("secret"),
            sessionToken: Redacted("token")
        )
        let request = RequestToSign(
            method: "GET",
            path: "/",
            query: "",
            headers: [
                (name: "host", value: "h"), (name: "User-Agent", value: "u"), (name: "EXPECT", value: "100-continue"),
                (name: "X-Amzn-Trace-Id", value: "Root=1"), (name: "Connection", value: "close"),
                (name: "Transfer-Encoding", value: "chunked"), (name: "traceparent", value: "00-1"),
            ],
            payloadHash: "UNSIGNED-PAYLOAD"
        )
        let signer = Signer(credentials: credentials, region: "eu-west-1", service: "s3")
        let headers = signer.headers(for: request, at: try #require(Timestamp(iso8601: "2026-11-21T03:00:45Z")))

        #expect(headers.map(\.name) == ["X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization"])
        #expect(headers.prefix(3).map(\.value) == ["20261121T030045Z", "token", "UNSIGNED-PAYLOAD"])
        let names = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
        #expect(headers[3].value.contains(names))
    }

    private func authorization(
        _ signer: Signer,
        _ example: Example,
        host: String,
        _ time: String
    ) throws -> String {
        let request = RequestToSign(
            method: example.method,
            path: example.path,
            query: example.query,
            headers: [(name: "Host", value: host)] + example.headers,
            payloadHash: hexText(SHA256.digest(Array(example.body.utf8)))
        )
        let headers = signer.headers(for: request, at: try #require(Timestamp(iso8601: time)))
        return try #require(headers.last).value
    }
}
