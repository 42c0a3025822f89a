import AWSClients
import FunctionScan
import QScanner
import Support
import TestSupport

extension FunctionARN {
    static func test(_ name: String = "web", region: String = "eu-west-1", account: String = "123456789012")
        -> FunctionARN
    {
        guard let function = FunctionARN(functionName: name, region: region, account: account) else {
            preconditionFailure("\(name) is no function")
        }
        return function
    }
}

extension FunctionDescription {
    static func test(code: String = "code-1", layers: [String] = [], isImage: Bool = false) -> FunctionDescription {
        let layers = layers.map { "{\"Arn\":\"\($0)\"}" }.joined(separator: ",")
        let json = """
            {"Configuration":{"FunctionName":"web","FunctionArn":"\(FunctionARN.test())","CodeSha256":"\(code)",
            "PackageType":"\(isImage ? "Image" : "Zip")","Runtime":"python3.13","LastModified":"2026-11-20T00:00:00Z",
            "CodeSize":1,"Layers":[\(layers)]},
            "Code":{"Location":"https://packages.example/web?X-Amz-Signature=presigned","ImageUri":"ecr/web:1"}}
            """
        guard let description = FunctionDescription(json: Array(json.utf8)) else {
            preconditionFailure("The answer of GetFunction cannot be read")
        }
        return description
    }
}

extension ScanReport {
    static let test = ScanReport(
        outcome: .success,
        exitCode: 0,
        duration: .milliseconds(1500),
        tag: "1763622437",
        severities: SeverityCounts(critical: 1, medium: 2),
        secretsFound: 3
    )

    /// The scan is done, and of its result nothing is known.
    static let unknown = ScanReport(outcome: .partial, exitCode: 40, duration: .seconds(2), notes: ["Not \"ready\"."])
}

extension FinishedScan {
    static func test(
        _ report: ScanReport = .test,
        results: String? = "s3://results/scans/1.json",
        function: FunctionARN = .test(),
        description: FunctionDescription = .test()
    ) -> FinishedScan {
        var scan = FinishedScan(
            function: function,
            description: description,
            code: ScannedCode(description),
            report: report,
            timestamp: FakeClock.start
        )
        scan.results = results
        return scan
    }
}

extension ScanClaim {
    static func test(
        owner: String = "request-1",
        code: String = "code-1",
        layers: [String] = [],
        now: Timestamp = FakeClock.start
    ) -> ScanClaim {
        ScanClaim(
            function: .test(),
            code: ScannedCode(.test(code: code, layers: layers)),
            owner: owner,
            expires: now + .milliseconds(900_001),
            now: now
        )
    }
}
