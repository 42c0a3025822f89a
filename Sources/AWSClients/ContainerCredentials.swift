import AWSSigning
import HTTPTransport
import JSONStream
import Support
import Telemetry

/// The credentials that a container or a Lambda SnapStart environment gets from an address on its own machine.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
struct ContainerCredentials: Sendable {
    private let url: String
    private let token: Redacted?
    private let tokenFile: String?

    /// Nil when the environment names no such address.
    init?(environment: [String: String]) throws(CredentialError) {
        func setting(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

        if let relative = setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = "http://169.254.170.2\(relative)"
        } else if let full = setting("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = full
        } else {
            return nil
        }
        guard Self.mayReceiveToken(url) else {
            throw CredentialError(
                label: "Credentials.ContainerAddress",
                description: "AWS_CONTAINER_CREDENTIALS_..._URI must lead to https, or to a loopback or container host."
            )
        }
        token = setting("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Redacted.init)
        tokenFile = setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    }

    func load(_ http: HTTPClient, _ context: CallContext) async throws(CredentialError) -> AWSCredentials {
        var request = HTTPRequest(url: url, limits: HTTPLimits(connect: .seconds(2), idle: nil, total: .seconds(5)))
        request.usesProxy = false
        // The file is read each time: what renews the token writes it there.
        if let token = try tokenFile.map(readToken) ?? token {
            request.headers.add("Authorization", token.exposed)
        }
        let response: HTTPResponse
        do {
            response = try await http.send(request, .collect(limit: 64 << 10))
        } catch {
            throw CredentialError(label: "Credentials.Container", description: error.description)
        }
        guard response.isSuccess,
            let answer = try? Answer(jsonText: response.body)
        else {
            throw CredentialError(
                label: "Credentials.Container",
                description: "The container's endpoint answered HTTP \(response.status) without credentials."
            )
        }
        return AWSCredentials(
            accessKeyID: answer.accessKeyID,
            secretAccessKey: answer.secretAccessKey,
            sessionToken: answer.token,
            expiration: answer.expiration.flatMap(Timestamp.init(iso8601:))
        )
    }

    private func readToken(_ path: String) throws(CredentialError) -> Redacted {
        guard let text = readSmallFile(path) else {
            throw CredentialError(
                label: "Credentials.ContainerTokenFile",
                description: "The file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read."
            )
        }
        return Redacted(text.trimmingSuffix(while: \.isNewline))
    }

    /// The SDKs' rule: the token goes to https, or to a host on this machine.
    private static func mayReceiveToken(_ url: String) -> Bool {
        guard let origin = HTTPOrigin(of: url) else { return false }
        let hosts = ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        return origin.scheme == "https" || hosts.contains(origin.host)
    }

    private struct Answer: JSONReadable {
        let accessKeyID: String
        let secretAccessKey: Redacted
        let token: Redacted?
        let expiration: String?

        init(json: JSONValue) throws(JSONShapeFault) {
            accessKeyID = try json.member("AccessKeyId")
            secretAccessKey = try json.member("SecretAccessKey")
            token = try json.member(optional: "Token")
            expiration = try json.member(optional: "Expiration")
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let last = text.last, isTrimmed(last) { text.removeLast() }
        return String(text)
    }
}
