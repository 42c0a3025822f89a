import HTTPTransport
import Support
package import Telemetry

/// The calls of Amazon S3 that are made.
package struct S3Client: Sendable {
    let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// Where an object goes, and what it says of itself.
    package struct Object: Sendable {
        package var bucket: String
        package var key: String
        package var contentType: String

        /// User metadata: names without `x-amz-meta-`, ASCII values.
        package var metadata: [(name: String, value: String)]

        package init(
            bucket: String,
            key: String,
            contentType: String,
            metadata: [(name: String, value: String)] = []
        ) {
            self.bucket = bucket
            self.key = key
            self.contentType = contentType
            self.metadata = metadata
        }
    }

    package func put(_ object: Object, _ bytes: [UInt8], _ context: CallContext) async throws(AWSError) {
        _ = try await caller.send(
            request("PutObject", "PUT", object, headers: headers(of: object), body: .bytes(bytes)),
            context
        )
    }

    /// Sends a file as it is read.
    /// - Parameter sha256: Of the file, in hexadecimal.
    package func put(
        _ object: Object,
        file path: String,
        byteCount: Int64,
        sha256: String,
        _ context: CallContext
    ) async throws(AWSError) {
        let body = AWSRequestBody.file(path: path, byteCount: byteCount, sha256: sha256)
        _ = try await caller.send(
            request("PutObject", "PUT", object, headers: headers(of: object), body: body),
            context
        )
    }

    /// Fetches an object into a new file.
    ///
    /// - Returns: False when there is no such object (which S3 tells only to those who may list the bucket; to others it
    ///   says that access is denied).
    package func get(_ object: Object, toFile path: String, _ context: CallContext) async throws(AWSError) -> Bool {
        var request = request("GetObject", "GET", object)
        request.sink = .file(path: path, limit: 16 << 30)
        do {
            _ = try await caller.send(request, context)
            return true
        } catch {
            guard error.status == 404, error.code == "NoSuchKey" else { throw error }
            return false
        }
    }

    /// Fails when the bucket is not there or may not be used.
    package func checkBucket(_ bucket: String, _ context: CallContext) async throws(AWSError) {
        let object = Object(bucket: bucket, key: "", contentType: "")
        _ = try await caller.send(request("HeadBucket", "HEAD", object), context)
    }

    func request(
        _ action: String,
        _ method: String,
        _ object: Object,
        query: String = "",
        headers: [(name: String, value: String)] = [],
        body: AWSRequestBody = .bytes([])
    ) -> AWSRequest {
        let address = caller.endpoints.bucket(object.bucket, region: caller.region)
        let key = object.key.isEmpty ? "" : "/" + percentEncoded(object.key, keeping: "/")
        return AWSRequest(
            service: .s3,
            action: action,
            method: method,
            path: address.path + key,
            query: query,
            headers: headers,
            body: body,
            origin: address.url
        )
    }

    func headers(of object: Object) -> [(name: String, value: String)] {
        [(name: "Content-Type", value: object.contentType)]
            + object.metadata.map { (name: "x-amz-meta-\($0.name)", value: $0.value) }
    }
}
