import HTTPTransport

/// A call to AWS before it is signed.
struct AWSRequest: Sendable {
    var service: AWSService

    /// The operation, for errors and logs.
    var action: String
    var method = "POST"

    /// Percent-encoded, beginning with a slash.
    var path = "/"

    /// Percent-encoded, without the question mark.
    var query = ""
    var headers: [(name: String, value: String)] = []
    var body: AWSRequestBody = .bytes([])

    /// Set for S3, whose buckets have addresses of their own.
    var origin: String?

    /// Where the body of a success goes.
    var sink = HTTPBodySink.collect(limit: 8 << 20)
}

/// The body of a call.
enum AWSRequestBody: Sendable {
    case bytes([UInt8])

    /// A file, whose SHA-256 (hexadecimal) is known.
    case file(path: String, byteCount: Int64, sha256: String)
}
