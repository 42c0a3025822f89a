import AWSClients
import Hashing
package import QualysAPI
import Support
package import Telemetry

/// Where a job writes: an S3 bucket below a prefix, or a folder with the same tree.
package struct JobOutput: Sendable {
    /// The address before a key: `s3://bucket/prefix` or `folder/`.
    package let base: String

    package var put: @Sendable (JobObject, JobContent, CallContext) async throws -> StoredObject

    /// Fetches an object into a new file; false when it is not there.
    package var get: @Sendable (_ key: String, _ path: String, CallContext) async throws -> Bool

    package init(
        base: String,
        put: @escaping @Sendable (JobObject, JobContent, CallContext) async throws -> StoredObject,
        get: @escaping @Sendable (_ key: String, _ path: String, CallContext) async throws -> Bool
    ) {
        self.base = base
        self.put = put
        self.get = get
    }

    package func address(_ key: String) -> String { base + key }

    /// The same as `get`, but S3's word for an object that is not there to who may not list the bucket, which is that it may
    /// not be read, is taken for that.
    package func getIfReadable(_ key: String, _ path: String, _ context: CallContext) async throws -> Bool {
        do {
            return try await get(key, path, context)
        } catch let error where Self.isRefusal(error) {
            return false
        }
    }

    /// Whether S3 refused for want of a right.
    package static func isRefusal(_ error: any Error) -> Bool { (error as? AWSError)?.status == 403 }

    /// Whether it is a folder of this machine.
    package var isFolder: Bool { !base.hasPrefix(Self.s3) }

    /// The key of an object as `StoredObject` has it: in S3 with the prefix.
    package func storedKey(_ key: String) -> String {
        isFolder ? key : base.dropFirst(Self.s3.count).drop { $0 != "/" }.dropFirst() + key
    }

    private static let s3 = "s3://"
}

/// An object that is to be written.
package struct JobObject: Sendable, Equatable {
    /// Below the output's prefix.
    package let key: String
    package let contentType: String

    /// User metadata of S3: names in lower case, any text (it is made fit for a header).
    package let metadata: [String: String]

    package init(key: String, contentType: String = "application/json", metadata: [String: String] = [:]) {
        self.key = key
        self.contentType = contentType
        self.metadata = metadata
    }
}

package enum JobContent: Sendable {
    case bytes([UInt8])

    /// - `sha256`: in hexadecimal.
    case file(path: String, byteCount: Int64, sha256: String)

    /// An answer of Qualys, as it came.
    case spooled(SpooledBody)

    package var byteCount: Int64 {
        switch self {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, let byteCount, _): byteCount
        case .spooled(let body): body.byteCount
        }
    }

    /// In hexadecimal.
    package var sha256: String {
        switch self {
        case .bytes(let bytes): hexText(SHA256.digest(bytes))
        case .file(_, _, let sha256): sha256
        case .spooled(let body): body.sha256
        }
    }
}

/// An object that has been written, as the manifest lists it.
package struct StoredObject: Sendable, Equatable {
    /// With the prefix.
    package let key: String
    package let bytes: Int64

    /// In hexadecimal.
    package let sha256: String

    package init(key: String, bytes: Int64, sha256: String) {
        self.key = key
        self.bytes = bytes
        self.sha256 = sha256
    }
}
