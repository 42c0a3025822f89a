import HTTPTransport
import JSONStream
package import Support
package import Telemetry

/// The call of AWS Secrets Manager that is made.
package struct SecretsManagerClient: Sendable {
    private let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// - Parameter id: The secret's ARN or name.
    /// - Returns: Its current text.
    package func secretString(_ id: String, _ context: CallContext) async throws(AWSError) -> Redacted {
        var body = JSONWriter()
        body.object { $0.member("SecretId", id) }
        let request = AWSRequest(
            json: .secretsManager,
            target: "secretsmanager",
            action: "GetSecretValue",
            version: "1.1",
            body: body.bytes
        )
        let answer = try await caller.send(request, context)
        guard let secret = try? Answer(jsonText: answer.body) else {
            throw .unreadable(request, answer.status)
        }
        return secret.text
    }

    private struct Answer: JSONReadable {
        let text: Redacted

        init(json: JSONValue) throws(JSONShapeFault) {
            text = try json.member("SecretString")
        }
    }
}
