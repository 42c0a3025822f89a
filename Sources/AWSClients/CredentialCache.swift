package import AWSSigning
package import Support
package import Telemetry

/// Keeps credentials until shortly before they expire.
///
///     loaded                              refresh ahead           expired
///     |------------- handed out ----------------|---- handed out if ----|  never handed out
///                                               |  the refresh fails    |
///
/// One refresh is under way at most; all who ask meanwhile wait for it. A failure is not kept: the next to ask tries again.
package actor CredentialCache {
    /// How long before their expiry credentials are renewed: as long as Lambda's longest invocation, because QScanner
    /// gets them for the whole of its run.
    private static let refreshAhead = Duration.seconds(900)

    private let clock: WallClock
    private let load: @Sendable (CallContext) async throws(CredentialError) -> AWSCredentials
    private var kept: AWSCredentials?
    private var refresh: Task<Result<AWSCredentials, CredentialError>, Never>?

    package init(
        clock: WallClock = .system,
        load: @escaping @Sendable (CallContext) async throws(CredentialError) -> AWSCredentials
    ) {
        self.clock = clock
        self.load = load
    }

    /// This cache as a source.
    package nonisolated var source: CredentialSource {
        CredentialSource(
            get: { context async throws(CredentialError) in try await self.get(context) },
            forget: { await self.forget($0) }
        )
    }

    private func get(_ context: CallContext) async throws(CredentialError) -> AWSCredentials {
        let now = clock.now()
        if let kept, !expires(kept, before: now + Self.refreshAhead) { return kept }
        switch await refreshed(context) {
        case .success(let fresh):
            return fresh
        case .failure(let error):
            guard let kept, !expires(kept, before: now) else { throw error }
            return kept
        }
    }

    private func refreshed(_ context: CallContext) async -> Result<AWSCredentials, CredentialError> {
        if let refresh { return await refresh.value }
        // A task of its own: whoever asked first may be cancelled while others wait.
        let task = Task { [load] () -> Result<AWSCredentials, CredentialError> in
            do throws(CredentialError) {
                return .success(try await load(context))
            } catch {
                return .failure(error)
            }
        }
        refresh = task
        let result = await task.value
        refresh = nil
        if case .success(let fresh) = result { kept = fresh }
        return result
    }

    private func forget(_ refused: AWSCredentials) -> Bool {
        // Somebody else may have renewed them already.
        if kept == refused { kept = nil }
        return true
    }

    private func expires(_ credentials: AWSCredentials, before moment: Timestamp) -> Bool {
        credentials.expiration.map { $0 <= moment } ?? false
    }
}
