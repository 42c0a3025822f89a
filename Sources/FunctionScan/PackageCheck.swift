package import AWSClients
package import HTTPTransport
import Hashing
package import Support
package import Telemetry

/// Fetches a function's package from its presigned address and holds it against the function's CodeSha256.
///
/// The bytes are hashed as they come and kept nowhere: QScanner fetches its own copy, and a second one would only take
/// the room of 250 MB in /tmp.
package struct PackageCheck: Sendable {
    /// Lambda's own limit is 250 MB unzipped.
    private static let largestPackage = 300 << 20

    private let http: HTTPClient
    private let clock: WallClock
    private let random: @Sendable () -> Double
    private let retries: RetryPolicy

    package init(
        http: HTTPClient,
        clock: WallClock = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        retries: RetryPolicy = RetryPolicy(attempts: 6)
    ) {
        self.http = http
        self.clock = clock
        self.random = random
        self.retries = retries
    }

    /// - Throws: When the package cannot be fetched, or is not the one that GetFunction spoke of.
    package func run(_ function: FunctionDescription, _ context: CallContext) async throws(PackageError) {
        // An image has no package: its CodeSha256 is the image's own digest.
        guard function.packageType == .zip else { return }
        guard let location = function.packageLocation else { throw .noAddress }
        let hash = try await retrying(
            retries,
            until: context.deadline,
            clock: clock,
            random: random,
            verdict: { (error: PackageError) in error.mayPass ? .retryable(serverWait: nil) : .final },
            attempt: { (_: Int) async throws(PackageError) -> String in try await fetch(location, context) }
        )
        guard hash == function.codeSHA256 else { throw .otherCode }
    }

    /// - Returns: The SHA-256 of the package in base64.
    private func fetch(_ location: Redacted, _ context: CallContext) async throws(PackageError) -> String {
        let hash = PackageHash()
        // A presigned address carries its own signature: no credentials are sent along.
        let request = HTTPRequest(
            url: location.exposed,
            limits: HTTPLimits(idle: .seconds(30), total: context.deadline.remaining(at: clock.now()))
        )
        let sink = HTTPBodySink.stream { bytes in
            hash.byteCount += bytes.count
            guard hash.byteCount <= Self.largestPackage else { throw PackageError.tooLarge }
            hash.sha256.update(bytes)
        }
        let response: HTTPResponse
        do {
            response = try await http.send(request, sink)
        } catch {
            throw hash.byteCount > Self.largestPackage ? .tooLarge : .transfer(error)
        }
        guard response.isSuccess else { throw .refused(status: response.status) }
        return base64Text(hash.sha256.finalize())
    }

    /// Sendable because its users take turns: the transport's thread until the transfer has ended, then we.
    private final class PackageHash: @unchecked Sendable {
        var byteCount = 0
        let sha256 = SHA256()
    }
}

package enum PackageError: Failure {
    case transfer(HTTPError)
    case refused(status: Int)
    /// GetFunction told none.
    case noAddress
    case tooLarge
    /// The code has changed since GetFunction, or was damaged on the way.
    case otherCode

    package var label: String {
        switch self {
        case .transfer(let error): "Package.\(error.reason)"
        case .refused: "Package.Refused"
        case .noAddress: "Package.NoAddress"
        case .tooLarge: "Package.TooLarge"
        case .otherCode: "Package.HashMismatch"
        }
    }

    package var description: String {
        switch self {
        case .transfer(let error): "The function's package could not be fetched: \(error.description)"
        case .refused(let status): "The address of the function's package answered HTTP \(status)."
        case .noAddress: "GetFunction gave no address of the function's package."
        case .tooLarge: "The function's package is larger than Lambda allows."
        case .otherCode: "The function's code is not, or no longer, that of the CodeSha256 that GetFunction gave."
        }
    }

    var mayPass: Bool {
        switch self {
        case .transfer(let error): error.mayPass
        case .refused(let status): status == 429 || status >= 500
        case .noAddress, .otherCode, .tooLarge: false
        }
    }
}
