import Testing

@testable import AWSClients

@Suite struct AWSEndpointsTests {
    @Test(arguments: [
        ("us-east-1", "amazonaws.com"), ("ap-southeast-5", "amazonaws.com"), ("us-gov-west-1", "amazonaws.com"),
        ("cn-northwest-1", "amazonaws.com.cn"), ("us-iso-east-1", "c2s.ic.gov"), ("us-isob-east-1", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "cloud.adc-e.uk"), ("us-isof-south-1", "csp.hci.ic.gov"), ("eusc-de-east-1", "amazonaws.eu"),
    ])
    func `Every partition has its own hosts`(_ region: String, _ suffix: String) {
        let endpoints = AWSEndpoints(environment: [:])
        for service in AWSService.allCases {
            #expect(endpoints.url(of: service, region: region) == "https://\(service.rawValue).\(region).\(suffix)")
        }
        #expect(endpoints.bucket("logs", region: region).url == "https://logs.s3.\(region).\(suffix)")
    }

    @Test func `FIPS endpoints are used when asked for`() {
        let endpoints = AWSEndpoints(environment: ["AWS_USE_FIPS_ENDPOINT": "True"])
        #expect(
            endpoints.url(of: .lambda, region: "us-gov-west-1") == "https://lambda-fips.us-gov-west-1.amazonaws.com"
        )
        #expect(endpoints.bucket("b-1", region: "us-east-1").url == "https://b-1.s3-fips.us-east-1.amazonaws.com")
    }

    static let overrides: [(environment: [String: String], service: AWSService, url: String)] = [
        (["AWS_ENDPOINT_URL": "http://127.0.0.1:4566"], .sts, "http://127.0.0.1:4566"),
        (["AWS_ENDPOINT_URL": "http://127.0.0.1:4566/"], .sts, "http://127.0.0.1:4566"),
        (["AWS_ENDPOINT_URL": "https://proxy.example/aws/"], .sns, "https://proxy.example/aws"),
        (
            ["AWS_ENDPOINT_URL_LAMBDA": "https://l.example", "AWS_ENDPOINT_URL": "https://a.example"], .lambda,
            "https://l.example"
        ),
        (
            ["AWS_ENDPOINT_URL_LAMBDA": "https://l.example", "AWS_ENDPOINT_URL": "https://a.example"], .s3,
            "https://a.example"
        ),
        (["AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://m.example"], .secretsManager, "https://m.example"),
        (["AWS_ENDPOINT_URL_DYNAMODB": "https://d.example"], .dynamoDB, "https://d.example"),
        (["AWS_ENDPOINT_URL_S3": "https://o.example"], .s3, "https://o.example"),
        (["AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": ""], .s3, "https://s3.eu-west-1.amazonaws.com"),
        (["AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": "https://a.example"], .s3, "https://a.example"),
        (
            ["AWS_ENDPOINT_URL": "https://a.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"], .sns,
            "https://sns.eu-west-1.amazonaws.com"
        ),
        (
            ["AWS_ENDPOINT_URL": "https://a.example", "AWS_USE_FIPS_ENDPOINT": "true"], .sns, "https://a.example"
        ),
    ]

    @Test(arguments: overrides)
    func `The environment's endpoints are read as the SDKs read them`(
        _ environment: [String: String],
        _ service: AWSService,
        _ url: String
    ) {
        #expect(AWSEndpoints(environment: environment).url(of: service, region: "eu-west-1") == url)
    }

    static let buckets: [(name: String, environment: [String: String], url: String, path: String)] = [
        ("logs", [:], "https://logs.s3.eu-west-1.amazonaws.com", ""),
        ("my.logs", [:], "https://s3.eu-west-1.amazonaws.com", "/my.logs"),
        ("logs", ["AWS_ENDPOINT_URL": "http://127.0.0.1:4566"], "http://127.0.0.1:4566", "/logs"),
        ("logs", ["AWS_ENDPOINT_URL_S3": "https://o.example/base/"], "https://o.example/base", "/logs"),
        ("logs", ["AWS_ENDPOINT_URL_SNS": "https://o.example"], "https://logs.s3.eu-west-1.amazonaws.com", ""),
    ]

    @Test(arguments: buckets)
    func `A bucket stands in the host name, or in the path where it cannot`(
        _ name: String,
        _ environment: [String: String],
        _ url: String,
        _ path: String
    ) {
        let address = AWSEndpoints(environment: environment).bucket(name, region: "eu-west-1")
        #expect(address.url == url)
        #expect(address.path == path)
    }
}

@Suite struct AWSAddressTests {
    @Test(arguments: [
        ("https://a.example", "https://a.example", "a.example", ""),
        ("https://a.example:443", "https://a.example:443", "a.example", ""),
        ("https://a.example:80/x/y", "https://a.example:80", "a.example:80", "/x/y"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80", "127.0.0.1", ""),
        ("http://[::1]:4566/base", "http://[::1]:4566", "[::1]:4566", "/base"),
    ])
    func `An address is taken apart`(_ url: String, _ origin: String, _ host: String, _ basePath: String) {
        let address = AWSAddress(url)
        #expect(address.origin == origin)
        #expect(address.host == host)
        #expect(address.basePath == basePath)
    }
}
