import Support
import Testing

@testable import QScanner

@Suite struct StoringRulesTests {
    func stored(_ text: String, secretTexts: Set<String>? = []) throws -> String {
        let rules = JSONRedactor.Rules.storing(secrets: [Redacted("qualys-token-value")], secretTexts: secretTexts)
        var redactor = JSONRedactor(rules)
        var output: [UInt8] = []
        try redactor.push(Array(text.utf8), into: &output)
        try redactor.finish()
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `What a secret's finding quotes and how QScanner signed in are not stored`() throws {
        let text = #"""
            {"SecretResults":[{"Target":"a","Secrets":[{"RuleID":"aws","Match":"AKIA1","Code":{"Lines":[]},"StartLine":7}]}],
             "Options":{"RegistryOptions":{"Credentials":[{"Password":"x"}]},"Note":"qualys-token-value"},"Config":{"Env":["A=b"]}}
            """#
        let expected = #"""
            {"SecretResults":[{"Target":"a","Secrets":[{"RuleID":"aws","Match":"[redacted]","Code":"[redacted]","StartLine":7}]}],
             "Options":{"RegistryOptions":"[redacted]","Note":"[redacted]"},"Config":{"Env":"[redacted]"}}
            """#
        #expect(try stored(text) == expected)
    }

    @Test func `Snippets keep the form that SARIF wants`() throws {
        let text = #"{"region":{"startLine":3,"snippet":{"text":"key = 1"}}}"#
        #expect(try stored(text) == #"{"region":{"startLine":3,"snippet":{"text":"[redacted]"}}}"#)
    }

    @Test func `Texts about secrets are taken out, others stay`() throws {
        let text = #"{"results":[{"message":{"text":"Match: \"hunter22\""}},{"message":{"text":"lodash 4"}}]}"#
        let expected = #"{"results":[{"message":{"text":"[redacted]"}},{"message":{"text":"lodash 4"}}]}"#
        #expect(try stored(text, secretTexts: ["Match: \"hunter22\""]) == expected)
    }

    @Test(arguments: [nil, [String(repeating: "long", count: 5000)]] as [Set<String>?])
    func `When they are not known or too many, no text is stored`(texts: Set<String>?) throws {
        let text = #"{"rules":[{"id":"1","help":{"text":"a","markdown":"b"}}],"results":[{"message":{"text":"c"}}]}"#
        let expected = #"""
            {"rules":[{"id":"1","help":{"text":"[redacted]"}}],"results":[{"message":{"text":"[redacted]"}}]}
            """#
        #expect(try stored(text, secretTexts: texts) == expected)
    }
}
