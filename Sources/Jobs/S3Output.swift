package import AWSClients
import HTTPTransport
import QualysAPI
import Support
import Telemetry

extension JobOutput {
    /// - Parameter prefix: Stands before every key as it is: a slash at its end is the operator's to write.
    package static func s3(bucket: String, prefix: String, client: S3Client) -> JobOutput {
        JobOutput(
            base: "s3://\(bucket)/\(prefix)",
            put: { object, content, context in
                let key = prefix + object.key
                let target = S3Client.Object(
                    bucket: bucket,
                    key: key,
                    contentType: object.contentType,
                    metadata: object.metadata.sorted { $0.key < $1.key }
                        .map { (name: $0.key, value: headerText($0.value)) }
                )
                let sha256 = content.sha256
                switch content {
                case .bytes(let bytes):
                    try await client.put(target, bytes, context)
                case .file(let path, let byteCount, let sha256):
                    try await client.put(target, file: path, byteCount: byteCount, sha256: sha256, context)
                case .spooled(let body):
                    // Its file is there as long as the body is.
                    defer { withExtendedLifetime(body) {} }
                    switch body.requestBody {
                    case .bytes(let bytes):
                        try await client.put(target, bytes, context)
                    case .file(let path, _, let byteCount):
                        try await client.put(target, file: path, byteCount: byteCount, sha256: sha256, context)
                    case .none, .stream:
                        preconditionFailure("a spooled body is bytes or a file")
                    }
                }
                return StoredObject(key: key, bytes: content.byteCount, sha256: sha256)
            },
            get: { key, path, context in
                let object = S3Client.Object(bucket: bucket, key: prefix + key, contentType: "")
                return try await client.get(object, toFile: path, context)
            }
        )
    }
}

/// A text as the value of a header: names of scans may hold anything. What is not printable ASCII is percent-encoded, and
/// so is the percent sign, so that it can be read back; S3 takes 2 KB of metadata in all, so a text is cut at 256 bytes.
private func headerText(_ text: String) -> String {
    var value = ""
    for byte in text.utf8.prefix(256) {
        if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") || byte == 0x20 {
            value.unicodeScalars.append(Unicode.Scalar(byte))
        } else if byte == 0x20 {
            value += " "
        } else {
            value += "%" + hexText([byte]).uppercased()
        }
    }
    return value
}
