/// Where the services are: AWS's own host names, or those that the environment sets.
package struct AWSEndpoints: Sendable {
    private let overrides: [AWSService: String]
    private let usesFIPS: Bool

    /// Reads `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` and
    /// `AWS_USE_FIPS_ENDPOINT` as every AWS SDK does. Empty is the same as unset.
    package init(environment: [String: String]) {
        var overrides: [AWSService: String] = [:]
        if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() != "true" {
            for service in AWSService.allCases {
                let names = ["AWS_ENDPOINT_URL_\(service.environmentName)", "AWS_ENDPOINT_URL"]
                if let url = names.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }) {
                    overrides[service] = url.hasSuffix("/") ? String(url.dropLast()) : url
                }
            }
        }
        self.overrides = overrides
        self.usesFIPS = environment["AWS_USE_FIPS_ENDPOINT"]?.lowercased() == "true"
    }

    /// Scheme and host, and the base path of an override; without a slash at the end.
    package func url(of service: AWSService, region: String) -> String {
        if let override = overrides[service] { return override }
        let suffix = AWSPartition(region: region).hostSuffix
        return "https://\(service.rawValue)\(usesFIPS ? "-fips" : "").\(region).\(suffix)"
    }

    /// The address of a bucket, and the path that names it there.
    ///
    /// AWS wants the bucket in the host name. Behind an override, and for a name with a dot (which no certificate
    /// covers), it stands in the path.
    package func bucket(_ name: String, region: String) -> (url: String, path: String) {
        let url = url(of: .s3, region: region)
        if overrides[.s3] != nil || name.contains(".") {
            return (url, "/\(name)")
        }
        return ("https://\(name).\(url.dropFirst("https://".count))", "")
    }
}
