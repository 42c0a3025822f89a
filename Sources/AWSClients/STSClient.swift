package import AWSSigning
import HTTPTransport
import Support
package import Telemetry

/// The calls of AWS STS that are made (API version 2011-06-15, query protocol).
package struct STSClient: Sendable {
    private let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// - Returns: Temporary credentials with their expiry, one hour from now.
    package func assumeRole(
        _ roleARN: String,
        sessionName: String,
        externalID: String?,
        _ context: CallContext
    ) async throws(AWSError) -> AWSCredentials {
        var form = [("RoleArn", roleARN), ("RoleSessionName", sessionName), ("DurationSeconds", "3600")]
        if let externalID { form.append(("ExternalId", externalID)) }
        let request = AWSRequest(query: .sts, action: "AssumeRole", version: "2011-06-15", parameters: form)
        let answer = try await caller.send(request, context)
        guard let texts = XMLTexts(answer.body), let id = texts["AccessKeyId"], let secret = texts["SecretAccessKey"],
            let token = texts["SessionToken"], let expiration = texts["Expiration"].flatMap(Timestamp.init(iso8601:))
        else { throw .unreadable(request, answer.status) }
        return AWSCredentials(
            accessKeyID: id,
            secretAccessKey: Redacted(secret),
            sessionToken: Redacted(token),
            expiration: expiration
        )
    }

    /// Who the credentials belong to; needs no permission.
    package func callerIdentity(_ context: CallContext) async throws(AWSError) -> (account: String, arn: String) {
        let request = AWSRequest(query: .sts, action: "GetCallerIdentity", version: "2011-06-15", parameters: [])
        let answer = try await caller.send(request, context)
        guard let texts = XMLTexts(answer.body), let account = texts["Account"], let arn = texts["Arn"] else {
            throw .unreadable(request, answer.status)
        }
        return (account, arn)
    }
}
