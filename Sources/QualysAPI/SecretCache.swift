package import Support
package import Telemetry

/// The Qualys secret, kept for a few minutes: a warm environment asks for it now and then, not for each event.
///
/// After a refused sign-in or a failed scan it is read anew, because a rotated secret looks just like that. A failure
/// to read it is not kept.
package actor SecretCache {
    private static let lifetime = Duration.seconds(300)

    private let clock: WallClock
    private let read: @Sendable (CallContext) async throws -> Redacted
    private var kept: (secret: QualysSecret, until: Timestamp)?

    package init(clock: WallClock = .system, read: @escaping @Sendable (CallContext) async throws -> Redacted) {
        self.clock = clock
        self.read = read
    }

    package func secret(_ context: CallContext) async throws -> QualysSecret {
        if let kept, clock.now() < kept.until { return kept.secret }
        let secret = try QualysSecret(json: try await read(context))
        kept = (secret, clock.now() + Self.lifetime)
        return secret
    }

    package func forget() {
        kept = nil
    }
}
