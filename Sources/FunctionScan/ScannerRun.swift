import AWSClients
import AWSSigning
import QScanner
import QualysAPI
import Support
import Telemetry

/// QScanner's run with what it needs: the secret's fields and the credentials of the function's account.
struct ScannerRun: Sendable {
    let scanner: QScanner
    let secrets: SecretCache
    let access: ScanAccess
    let gatewayURL: String?

    func callAsFunction(
        _ function: FunctionARN,
        _ role: ScanDecision.Access,
        _ scratch: ScanScratch,
        _ context: CallContext
    ) async throws -> ScanReport {
        let secret = try await secrets.secret(context)
        // In a hub these are the spoke role's: our own never leave this process.
        let credentials = try await access.caller(for: function, role).credentials.get(context)
        let target = ScanTarget(
            functionARN: function.description,
            region: function.region,
            keys: AWSKeys(
                accessKeyID: Redacted(credentials.accessKeyID),
                secretAccessKey: credentials.secretAccessKey,
                sessionToken: credentials.sessionToken
            ),
            platform: try platform(secret),
            token: try secret.required("qualys_access_token"),
            registry: RegistryCredentials(
                username: secret[optional: "registry_username"]?.exposed,
                password: secret[optional: "registry_password"],
                token: secret[optional: "registry_token"]
            )
        )
        return try await scanner.scan(target, scratch: scratch, until: context.deadline)
    }

    /// QScanner knows the shared platforms by name; the government's and private ones it needs as an address.
    private func platform(_ secret: QualysSecret) throws -> ScanDestination {
        if let gatewayURL { return .gateway(gatewayURL) }
        let platform = try secret.platform()
        return platform.pod == "GOV1" ? .gateway(platform.gatewayURL) : .pod(platform.pod)
    }
}
