import Jobs
import Support
import Testing

@Suite("Parameters of a job")
struct JobParametersTests {
    @Test(
        "A date means its first moment in UTC",
        arguments: [
            ("2026-11-21", "2026-11-21T00:00:00Z"), ("2026-11-21T03:04:05Z", "2026-11-21T03:04:05Z"),
            ("2026-11-21T03:04:05+02:00", "2026-11-21T01:04:05Z"),
        ]
    )
    func dates(text: String, meant: String) throws {
        var parameters = JobParameters(["since": .text(text)])
        #expect(try parameters.time("since")?.iso8601 == meant)
        try parameters.finish()
    }

    @Test(
        "A list may be a list, one text with commas, or one number",
        arguments: [
            (JobParameters.Value.list(["1", "2"]), ["1", "2"]), (.text("1, 2,,3"), ["1", "2", "3"]),
            (.number(7), ["7"]),
        ]
    )
    func lists(value: JobParameters.Value, meant: [String]) throws {
        var parameters = JobParameters(["ids": value])
        #expect(try parameters.list("ids") == meant)
    }

    @Test("A wrong value is refused by the name of its parameter")
    func wrong() {
        var parameters = JobParameters([
            "since": .text("yesterday"), "batch_size": .number(0), "full": .text("maybe"), "ids": .truth(true),
        ])
        #expect(throws: JobParameterError.self) { try parameters.time("since") }
        #expect(throws: JobParameterError(name: "batch_size", expected: "a whole number from 1 to 10")) {
            try parameters.number("batch_size", 1...10)
        }
        #expect(throws: JobParameterError(name: "full", expected: "true or false")) { try parameters.truth("full") }
        #expect(throws: JobParameterError(name: "ids", expected: "a list")) { try parameters.list("ids") }
    }

    @Test("A parameter that the job does not know is refused, not passed over")
    func unknown() throws {
        var parameters = JobParameters(["sincce": .text("2026-11-21"), "full": .truth(true)])
        #expect(try parameters.truth("full") == true)
        let error = #expect(throws: JobParameterError.self) { try parameters.finish() }
        #expect(error?.description.contains("sincce") == true)
        #expect(error?.label == "Event.Malformed")
    }
}
