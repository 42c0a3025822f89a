/// A service of AWS that is called, with the names it goes by.
package enum AWSService: String, Sendable, CaseIterable {
    case lambda
    case dynamoDB = "dynamodb"
    case s3
    case sns
    case secretsManager = "secretsmanager"
    case sts

    /// The name in host names and in signatures.
    package var signingName: String { rawValue }

    /// The name in `AWS_ENDPOINT_URL_<SERVICE>`.
    /// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    var environmentName: String {
        self == .secretsManager ? "SECRETS_MANAGER" : rawValue.uppercased()
    }
}
