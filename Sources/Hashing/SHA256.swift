import CCrypto

/// SHA-256 (FIPS 180-4) by libcrypto, whole or piece by piece.
///
/// libcrypto fails here only when memory is out, which nothing outside can cause and nothing could go on from.
package final class SHA256 {
    package static let byteCount = 32

    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("libcrypto cannot start SHA-256")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all that was given. Nothing may be given afterwards.
    package func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            count = Self.byteCount
        }
    }

    /// The digest of `bytes`, 32 bytes.
    package static func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let hash = SHA256()
        if bytes.withContiguousStorageIfAvailable({ hash.update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { hash.update($0) }
        }
        return hash.finalize()
    }
}

/// HMAC with SHA-256 (RFC 2104), 32 bytes.
package func hmacSHA256(key: [UInt8], _ message: some Collection<UInt8>) -> [UInt8] {
    let message = Array(message)
    return [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
        guard
            HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, buffer.baseAddress, nil) != nil
        else { preconditionFailure("libcrypto cannot compute an HMAC") }
        count = SHA256.byteCount
    }
}
