import Support
import Testing

@testable import QualysAPI

@Suite("What to do about an answer")
struct AnswerVerdictTests {
    @Test(
        "The code decides before the status, and the status where there is no code",
        arguments: [
            (200, "INVALID_CREDENTIALS", AnswerVerdict.final(.signIn)),
            (200, "2001", .final(.signIn)),
            (401, nil, .final(.signIn)),
            (200, "UNAUTHORIZED", .final(.permission)),
            (403, nil, .final(.permission)),
            (200, "OBJECT_NOT_FOUND", .final(.notFound)),
            (404, nil, .final(.notFound)),
            (200, "INVALID_REQUEST", .final(.refused)),
            (400, "1901", .final(.refused)),
            (414, nil, .final(.refused)),
            (302, nil, .final(.refused)),
            (200, "SOMETHING_NEW", .final(.refused)),
            (409, nil, .limited(wait: .seconds(7))),
            (429, nil, .limited(wait: .seconds(7))),
            (400, "1965", .limited(wait: .seconds(7))),
            (200, "LIMIT_EXCEEDED", .limited(wait: .seconds(7))),
            (200, "IN_MAINTENANCE", .passing(.unavailable)),
            (200, "999", .passing(.unavailable)),
            (503, nil, .passing(.unavailable)),
            (202, nil, .passing(.unavailable)),
            (520, nil, .passing(.unavailable)),
            (200, nil, .passing(.unreadable)),
            // What a gateway or a proxy puts into its own errors is none of Qualys's codes.
            (429, "TOO_MANY_REQUESTS", .limited(wait: .seconds(7))),
            (409, "CONFLICT", .limited(wait: .seconds(7))),
            (503, "DOWN", .passing(.unavailable)),
            (500, "error", .passing(.unavailable)),
            (401, "error", .final(.signIn)),
            (500, "INVALID_REQUEST", .final(.refused)),
            (500, "1905", .final(.refused)),
        ] as [(Int, String?, AnswerVerdict)]
    )
    func verdicts(status: Int, code: String?, expected: AnswerVerdict) {
        #expect(AnswerVerdict(status: status, code: code, wait: .seconds(7)) == expected)
    }
}

@Suite("What the body of a failed call says")
struct ErrorBodyTests {
    @Test("A rate limit is told with its wait, also when no header has it")
    func rateLimit() {
        let body = ErrorBody(
            Array(
                """
                <?xml version="1.0" encoding="UTF-8" ?>
                <!DOCTYPE SIMPLE_RETURN SYSTEM "https://qualysapi.example.test/api/2.0/simple_return.dtd">
                <SIMPLE_RETURN><RESPONSE><DATETIME>2026-01-02T03:04:05Z</DATETIME><CODE>1965</CODE>
                <TEXT>This API cannot be run again for another 19 hours.</TEXT>
                <ITEM_LIST><ITEM><KEY>SECONDS_TO_WAIT</KEY><VALUE>68928</VALUE></ITEM></ITEM_LIST>
                </RESPONSE></SIMPLE_RETURN>
                """.utf8
            )
        )
        #expect(body.code == "1965")
        #expect(body.wait == .seconds(68928))
        #expect(body.message == "This API cannot be run again for another 19 hours.")
    }

    @Test(
        "Every form of an error gives its code and its text",
        arguments: [
            (
                #"{"ServiceResponse":{"responseErrorDetails":{"errorMessage":"No \"x\".","errorResolution":"Ask."},"responseCode":"INVALID_REQUEST"}}"#,
                "INVALID_REQUEST", #"No "x". Ask."#
            ),
            (
                "<ServiceResponse xmlns:a=\"b\"><responseCode>OTHER_ERROR</responseCode>"
                    + "<responseErrorDetails><errorMessage>Oh.</errorMessage></responseErrorDetails></ServiceResponse>",
                "OTHER_ERROR", "Oh."
            ),
            (
                "<!DOCTYPE SIMPLE_RETURN><SIMPLE_RETURN><RESPONSE><TEXT><![CDATA[Gone <b>]]></TEXT></RESPONSE>",
                nil, "Gone <b>"
            ),
            (
                "<GENERIC_RETURN><API name=\"index.php username=\"u\" at=\"x\"><RETURN status=\"FAILED\" number=\"999\">"
                    + "Internal error.</RETURN>",
                "999", "Internal error."
            ),
            ("<GENERIC_RETURN", "999", "Internal error."),
            ("Too Many Requests\r\n", nil, "Too Many Requests"),
            ("", nil, "The answer had no body."),
            (
                "<!DOCTYPE html>\n<HTML><body>Down</body></HTML>", nil,
                "The answer is a web page, not one of this API: maintenance, or a proxy on the way."
            ),
            (
                #"{"timestamp":"x","status":401,"error":"Unauthorized","message":"JWT expired"}"#, nil,
                "JWT expired Unauthorized"
            ),
            (#"{"responseMessage":"No access","responseCode":"FAILED"}"#, "FAILED", "No access"),
            (#"{"cut":"#, nil, "The answer gave no reason."),
            (#"{"status":"a sentence, not a code","message":"Oh."}"#, nil, "Oh."),
        ] as [(String, String?, String)]
    )
    func forms(text: String, code: String?, message: String) {
        let body = ErrorBody(Array(text.utf8))
        #expect(body.code == code)
        #expect(body.message == message)
    }

    @Test("A message is one bounded line without control characters")
    func bounded() {
        let text = "{\"message\":\"a\u{1B}[31m\\nb" + String(repeating: "x", count: 5000) + "\"}"
        let message = ErrorBody(Array(text.utf8)).message
        #expect(message.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(message.utf8.count < 700)
    }
}
