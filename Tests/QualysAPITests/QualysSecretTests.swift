import QualysAPI
import Support
import TestSupport
import Testing

@Suite struct QualysSecretTests {
    private func secret(_ json: String) throws(QualysSecretError) -> QualysSecret {
        try QualysSecret(json: Redacted(json))
    }

    @Test(arguments: [
        "", "hunter2", "\"hunter2\"", "[\"hunter2\"]", "null", "5", "{\"qualys_access_token\": \"hunter2\"",
        "{\"a\":\"hunter2\"} x", "{hunter2: 1}",
    ])
    func `What is no JSON object is refused without showing it`(_ json: String) {
        let error = #expect(throws: QualysSecretError.notAnObject) { try secret(json) }
        #expect(error?.label == "Secret.NotAnObject")
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `A field is needed only when it is asked for`() throws {
        let secret = try secret(#"{"qualys_pod":"US2","qualys_access_token":"t","extra":{"a":[1]},"n":5,"z":null}"#)
        #expect(try secret.required("qualys_access_token").exposed == "t")
        #expect(secret[optional: "registry_token"] == nil)
        let error = #expect(throws: QualysSecretError.missing("qualys_password")) {
            try secret.required("qualys_password")
        }
        #expect(
            error?.description == "The secret of QUALYS_SECRET_ARN has no field qualys_password, which this needs."
        )
    }

    @Test(arguments: [
        #"{"qualys_access_token":""}"#, #"{"qualys_access_token":7}"#, #"{"qualys_access_token":null}"#, "{}",
    ])
    func `An empty field, or one that is no text, is missing`(_ json: String) throws {
        let secret = try secret(json)
        #expect(throws: QualysSecretError.missing("qualys_access_token")) { try secret.required("qualys_access_token") }
        #expect(secret[optional: "qualys_access_token"] == nil)
    }

    @Test(arguments: ["\\n", "\\r\\nX: 1", "\\u0000", "\\t", "\\u007f", "\\u001b[0m"])
    func `A control character in a field is refused without showing the field`(_ odd: String) throws {
        let secret = try secret("{\"qualys_access_token\":\"hunter2\(odd)\"}")
        let error = #expect(throws: QualysSecretError.notPlain("qualys_access_token")) {
            try secret.required("qualys_access_token")
        }
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("qualys_access_token") == true)
    }

    @Test func `A pod that is none is refused without showing it, for it may be the token`() throws {
        let error = #expect(throws: QualysSecretError.unknownPod) {
            try secret(#"{"qualys_pod":"hunter2"}"#).platform()
        }
        #expect(error?.label == "Secret.UnknownPod")
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.contains("KSA1") == true)
        #expect(throws: QualysSecretError.missing("qualys_pod")) { try secret("{}").platform() }
    }

    @Test func `A secret prints none of its values`() throws {
        #expect(!"\(try secret(#"{"qualys_access_token":"hunter2"}"#))".contains("hunter2"))
    }
}

/// https://www.qualys.com/platform-identification/
@Suite struct QualysPlatformTests {
    @Test(arguments: [
        ("US1", "qualysapi.qualys.com", "gateway.qg1.apps.qualys.com"),
        ("US2", "qualysapi.qg2.apps.qualys.com", "gateway.qg2.apps.qualys.com"),
        ("US3", "qualysapi.qg3.apps.qualys.com", "gateway.qg3.apps.qualys.com"),
        ("US4", "qualysapi.qg4.apps.qualys.com", "gateway.qg4.apps.qualys.com"),
        ("GOV1", "qualysapi.gov1.qualys.us", "gateway.gov1.qualys.us"),
        ("EU1", "qualysapi.qualys.eu", "gateway.qg1.apps.qualys.eu"),
        ("EU2", "qualysapi.qg2.apps.qualys.eu", "gateway.qg2.apps.qualys.eu"),
        ("EU3", "qualysapi.qg3.apps.qualys.it", "gateway.qg3.apps.qualys.it"),
        ("IN1", "qualysapi.qg1.apps.qualys.in", "gateway.qg1.apps.qualys.in"),
        ("CA1", "qualysapi.qg1.apps.qualys.ca", "gateway.qg1.apps.qualys.ca"),
        ("AE1", "qualysapi.qg1.apps.qualys.ae", "gateway.qg1.apps.qualys.ae"),
        ("UK1", "qualysapi.qg1.apps.qualys.co.uk", "gateway.qg1.apps.qualys.co.uk"),
        ("AU1", "qualysapi.qg1.apps.qualys.com.au", "gateway.qg1.apps.qualys.com.au"),
        ("KSA1", "qualysapi.qg1.apps.qualysksa.com", "gateway.qg1.apps.qualysksa.com"),
    ])
    func `A pod has its hosts, in either case`(_ pod: String, _ api: String, _ gateway: String) throws {
        let platform = try #require(QualysPlatform(pod: pod.lowercased()))
        #expect(platform.pod == pod)
        #expect(platform.apiURL == "https://\(api)")
        #expect(platform.gatewayURL == "https://\(gateway)")
        #expect(QualysPlatform.names.contains(pod))
        #expect(QualysPlatform.names.count == 14)
    }

    @Test(arguments: ["", "US5", "US 1", "US1\n", "https://qualysapi.qualys.com"])
    func `Any other name is none`(_ pod: String) {
        #expect(QualysPlatform(pod: pod) == nil)
    }
}
