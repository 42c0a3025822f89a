import AWSSigning
package import Support
import Telemetry

/// The credentials of roles in other accounts, each kept until shortly before it expires.
package actor AssumedRoles {
    /// A hub may serve hundreds of accounts: the least recently used roles are dropped beyond this.
    private static let limit = 100

    private let caller: AWSCaller
    private let clock: WallClock
    private let externalID: String?
    private var caches: [(roleARN: String, cache: CredentialCache)] = []

    /// - Parameters:
    ///   - caller: Makes the AssumeRole calls, with our own credentials.
    ///   - externalID: What the roles' trust policies ask for.
    package init(caller: AWSCaller, externalID: String?, clock: WallClock = .system) {
        self.caller = caller
        self.externalID = externalID
        self.clock = clock
    }

    package func credentials(of roleARN: String) -> CredentialSource {
        if let index = caches.firstIndex(where: { $0.roleARN == roleARN }) {
            let known = caches.remove(at: index)
            caches.append(known)
            return known.cache.source
        }
        let cache = CredentialCache(clock: clock) { [caller, externalID] context async throws(CredentialError) in
            try await assumeRole(roleARN, externalID: externalID, with: caller, context)
        }
        caches.append((roleARN, cache))
        if caches.count > Self.limit { caches.removeFirst() }
        return cache.source
    }
}

func assumeRole(
    _ roleARN: String,
    externalID: String?,
    with caller: AWSCaller,
    _ context: CallContext
) async throws(CredentialError) -> AWSCredentials {
    do {
        return try await STSClient(caller).assumeRole(
            roleARN,
            sessionName: "qualys-lambda-scanner",
            externalID: externalID,
            context
        )
    } catch {
        throw CredentialError(
            label: "Credentials.AssumeRole",
            description: "The role \(roleARN) could not be assumed: \(error.description)"
        )
    }
}
