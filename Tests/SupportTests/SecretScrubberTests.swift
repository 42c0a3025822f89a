import Support
import Testing

@Suite struct SecretScrubberTests {
    static let token = "tok+en/of=qualys"

    let scrubber = SecretScrubber(secrets: [
        Redacted(token), Redacted("tok+en"), Redacted("abc"), Redacted("p\"w\\d12"),
    ])

    func scrub(_ text: String, keepingLast ceiling: Int = 10_000) -> String {
        scrubber.scrub(text.utf8, keepingLast: ceiling)
    }

    @Test(arguments: [
        ("got \(token)!", "got [redacted]!"),
        ("got tok+en!", "got [redacted]!"),
        ("x?t=tok%2Ben%2Fof%3Dqualys&y", "x?t=[redacted]&y"),
        ("x tok%2ben%2fof%3dqualys y", "x [redacted] y"),
        (#"x tok+en\/of=qualys y"#, "x [redacted] y"),
        (#"x p\"w\\d12 y"#, "x [redacted] y"),
        ("abc stays", "abc stays"),
        ("\(token)\(token)", "[redacted]"),
        ("tok\u{1B}[31m+en/of=qua\u{1B}[0mlys", "[redacted]"),
        ("at the end tok+en/of=qu", "at the end [redacted]"),
    ])
    func `Known secrets are taken out in every spelling`(text: String, expected: String) {
        #expect(scrub(text) == expected)
    }

    @Test(arguments: [
        ("password=hunter 22, x", "password=[redacted]"),
        ("Registry Passwd : hunter", "Registry Passwd : [redacted]"),
        ("pwd: a b c", "pwd: [redacted]"),
        (#"{"password":"a,b","x":1}"#, #"{"password":[redacted]"#),
        ("--password hunter -v", "--password [redacted]"),
        ("--access-token abc --pod US2", "--access-token [redacted] --pod US2"),
        ("--access-token=abc --pod US2", "--access-token=[redacted] --pod US2"),
        ("QUALYS_ACCESS_TOKEN=abc AWS_REGION=x", "QUALYS_ACCESS_TOKEN=[redacted] AWS_REGION=x"),
        ("aws_secret_access_key = abc", "aws_secret_access_key = [redacted]"),
        (#""accessToken": "a b", "z": 1"#, #""accessToken": [redacted], "z": 1"#),
        (#"\"token\":\"abc\",\"z\":1"#, #"\"token\":\[redacted],\"z\":1"#),
        ("api key: abc next", "api key: [redacted] next"),
        ("API_KEY=abc", "API_KEY=[redacted]"),
        ("x-api-key: abc", "x-api-key: [redacted]"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=a/b, Signature=c", "Authorization: [redacted]"),
        ("sent Bearer abc.def to host", "sent Bearer [redacted] to host"),
        ("token: Bearer abc def", "token: [redacted] def"),
        ("credentials='a b' c", "credentials=[redacted] c"),
        ("token='never closed", "token=[redacted]"),
        ("secret=>abc", "secret=>[redacted]"),
        ("the token expired", "the token expired"),
        ("no password given", "no password given"),
        ("2 secrets found", "2 secrets found"),
        ("token=", "token="),
    ])
    func `Values after the names of secrets are taken out`(text: String, expected: String) {
        #expect(scrub(text) == expected)
    }

    @Test(arguments: [
        ("https://user:pass@host/x", "https://[redacted]@host/x"),
        ("http://u:p@ss@proxy:3128 x", "http://[redacted]@proxy:3128 x"),
        ("https://host/a@b", "https://host/a@b"),
        (
            "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=AK%2F1&X-Amz-Date=2&X-Amz-Security-Token=t%3D&X-Amz-Signature=5f x",
            "GET https://b.s3.amazonaws.com/k?X-Amz-Credential=[redacted]&X-Amz-Date=2"
                + "&X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted] x"
        ),
        (
            "key AKIAIOSFODNN7EXAMPLE.",
            "key AKIAIOSFODNN7EXAMPLE.".replacing("AKIAIOSFODNN7EXAMPLE", with: "[redacted]")
        ),
        ("(ASIAIOSFODNN7EXAMPLE)", "([redacted])"),
        ("AKIAIOSFODNN7EXAMPLES is longer", "AKIAIOSFODNN7EXAMPLES is longer"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_ x", "jwt [redacted] x"),
        ("gateway.qg2.apps.qualys.com", "gateway.qg2.apps.qualys.com"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nnext", "[redacted] | next"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"),
        ("MIIE\n-----END EC PRIVATE KEY-----\nnext", "[redacted] | next"),
        ("-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE----- | MIIE"),
    ])
    func `What looks like a secret is taken out`(text: String, expected: String) {
        #expect(scrub(text) == expected)
    }

    @Test(arguments: [
        ("a\nb\r\nc\rd", "a | b | c | d"),
        ("a\u{2028}b\u{85}c", "a | b | c"),
        ("\u{1B}[1;31mred\u{1B}[0m \u{1B}]0;title\u{07}x", "red x"),
        ("a\u{0}b\u{8}c\u{9B}d\u{202E}e\tf", "abcde f"),
        ("open \u{1B}]0;title\nnext", "open next"),
        ("end\n\n", "end"),
        ("", ""),
    ])
    func `Nothing is left that a terminal obeys or that looks like another line`(text: String, expected: String) {
        #expect(scrub(text) == expected)
    }

    @Test func `Bytes that are not UTF-8 are shown as such`() {
        #expect(scrubber.scrub([0x61, 0xFF, 0x62], keepingLast: 100) == "a\u{FFFD}b")
    }

    @Test func `Of a long text the end is kept, in whole characters`() {
        #expect(scrub("0123456789", keepingLast: 4) == "6789")
        #expect(scrub("aé€", keepingLast: 4) == "€")
        #expect(scrub("abc", keepingLast: 0) == "")
        #expect(scrub(String(repeating: "x", count: 200_000), keepingLast: 2048).utf8.count == 2048)
    }

    @Test func `Secrets are taken out before the text is cut`() {
        #expect(scrub("before \(Self.token) after", keepingLast: 15) == "redacted] after")
    }
}
