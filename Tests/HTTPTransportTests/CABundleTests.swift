import Testing

@testable import HTTPTransport

@Suite struct CABundleTests {
    @Test(
        arguments: [
            ("/given", ["AWS_CA_BUNDLE": "/aws"], "/given"),
            (nil, ["SSL_CERT_FILE": "/ssl", "CURL_CA_BUNDLE": "/curl", "AWS_CA_BUNDLE": "/aws"], "/aws"),
            (nil, ["SSL_CERT_FILE": "/ssl", "CURL_CA_BUNDLE": "/curl"], "/curl"),
            (nil, ["SSL_CERT_FILE": "/ssl", "CURL_CA_BUNDLE": ""], "/ssl"),
            (nil, [:], "/etc/ssl/certs/ca-certificates.crt"),
        ] as [(String?, [String: String], String)]
    )
    func `What was asked for comes before the system's`(given: String?, environment: [String: String], path: String) {
        let found = CABundle.path(
            given: given,
            environment: { environment[$0] },
            exists: { $0.contains("ca-certificates") }
        )
        #expect(found == path)
    }

    @Test func `Without any, libcurl's own is used`() {
        #expect(CABundle.path(given: nil, environment: { _ in nil }, exists: { _ in false }) == nil)
    }
}
