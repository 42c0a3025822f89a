import AWSClients
import AWSSigning
import HTTPTransport
import Support
import TestSupport

extension AWSCredentials {
    static func numbered(_ number: Int, expiring expiration: Timestamp? = nil) -> AWSCredentials {
        AWSCredentials(
            accessKeyID: "AKID\(number)",
            secretAccessKey: Redacted("secret-key-\(number)"),
            sessionToken: Redacted("session-token-\(number)"),
            expiration: expiration
        )
    }
}

extension AWSCaller {
    /// A caller whose jitter is always a half.
    static func test(
        _ http: FakeHTTP,
        _ clock: FakeClock = FakeClock(),
        credentials: CredentialSource = .fixed(.numbered(1)),
        region: String = "eu-west-1",
        environment: [String: String] = [:]
    ) -> AWSCaller {
        AWSCaller(
            region: region,
            credentials: credentials,
            endpoints: AWSEndpoints(environment: environment),
            http: http.client,
            clock: clock.clock,
            random: { 0.5 }
        )
    }
}

extension HTTPRequest {
    /// The access key that signed it.
    var signedBy: String? {
        headers["Authorization"]?.split(separator: "Credential=").last?.split(separator: "/").first.map(String.init)
    }
}

/// What AssumeRole answers.
func assumedRole(_ number: Int, until expiration: String = "2026-11-21T04:00:45Z") -> String {
    """
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
      <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>
      <Credentials><AccessKeyId>ROLE\(number)</AccessKeyId><SecretAccessKey>role-secret-\(number)</SecretAccessKey>
      <SessionToken>role-token-\(number)</SessionToken><Expiration>\(expiration)</Expiration></Credentials>
    </AssumeRoleResult></AssumeRoleResponse>
    """
}
