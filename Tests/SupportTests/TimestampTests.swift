import Support
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (1_763_622_437, "2025-11-20T07:07:17Z"),
        (2_147_483_648, "2038-01-19T03:14:08Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (-11_676_096_000, "1600-01-01T00:00:00Z"),
        (-62_135_596_800, "0001-01-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func `A known second has its known text, in both directions`(seconds: Int64, text: String) {
        #expect(Timestamp(seconds: seconds).iso8601 == text)
        #expect(Timestamp(iso8601: text) == Timestamp(seconds: seconds))
    }

    @Test(arguments: [Int64.max, .max / 1000 + 1, .min, .min / 1000 - 1])
    func `Seconds out of range are the first or the last moment`(seconds: Int64) {
        #expect(Timestamp(seconds: seconds).milliseconds == (seconds < 0 ? .min : .max))
        #expect(!Timestamp(seconds: seconds).iso8601.isEmpty)
    }

    @Test func `Texts come back as the moments that they were made of, from year 1 to 9999`() {
        var random = SeededGenerator(seed: 1)
        let moments = (0..<5000).map { _ in
            Timestamp(milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
        }
        #expect(moments.allSatisfy { Timestamp(iso8601: $0.iso8601Milliseconds) == $0 })
        #expect(moments.allSatisfy { Timestamp(iso8601: $0.iso8601) == Timestamp(seconds: $0.seconds) })
        #expect(moments.allSatisfy { $0.iso8601.filter { $0 != "-" && $0 != ":" } == $0.basicISO8601 })
        #expect(moments.allSatisfy { $0.basicISO8601.hasPrefix($0.day) })
    }

    @Test func `Every day follows the one before, in years with and without a leap day`() {
        for year in [1900, 1970, 2000, 2023, 2024, 2100] {
            guard let first = Timestamp(iso8601: "\(year)-01-01T00:00:00Z") else { return }
            let days = (0..<366).map { (first + .seconds(86_400 * $0)).day }
            #expect(days == days.sorted())
            #expect(Set(days).count == 366)
            #expect(days[365] == (year == 2000 || year == 2024 ? "\(year)1231" : "\(year + 1)0101"))
        }
    }

    @Test(arguments: [
        ("2026-11-21T03:00:45.5Z", 500), ("2026-11-21T03:00:45.1239Z", 123), ("2026-11-21T03:00:45", 0),
        ("2026-11-21T04:30:45+01:30", 0), ("2026-11-21T01:00:45-0200", 0), ("2026-11-21T03:00:45+00:00", 0),
    ])
    func `Fractions and zones are read`(text: String, milliseconds: Int64) {
        #expect(Timestamp(iso8601: text) == Timestamp(milliseconds: 1_795_230_045_000 + milliseconds))
    }

    @Test(arguments: [
        "", "2026", "2026-11-21", "2026-11-21 03:00:45Z", "2026-11-21T03:00Z", "2026-1-21T03:00:45Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T03:60:00Z", "2026-11-21T03:00:61Z", "2026-11-21T03:00:45.Z", "2026-11-21T03:00:45.x",
        "2026-11-21T03:00:45z", "2026-11-21T03:00:45Z ", " 2026-11-21T03:00:45Z", "2026-11-21T03:00:45ZZ",
        "2026-11-21T03:00:45+1", "2026-11-21T03:00:45+01", "2026-11-21T03:00:45+01:3", "２026-11-21T03:00:45Z",
        "-026-11-21T03:00:45Z", "2026-11-21T03:00:45.١Z",
    ])
    func `A text of another form is refused`(text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test func `Seconds are rounded down, also before 1970`() {
        #expect(Timestamp(milliseconds: 1999).seconds == 1)
        #expect(Timestamp(milliseconds: -1).seconds == -1)
        #expect(Timestamp(milliseconds: -1000).seconds == -1)
        #expect(Timestamp(milliseconds: -1).iso8601Milliseconds == "1969-12-31T23:59:59.999Z")
    }

    @Test func `Durations are added and taken off`() {
        let moment = Timestamp(seconds: 100)
        #expect(moment + .milliseconds(250) == Timestamp(milliseconds: 100_250))
        #expect(moment - .seconds(200) == Timestamp(seconds: -100))
        #expect(moment - Timestamp(seconds: 40) == .seconds(60))
        #expect(Timestamp(seconds: 1) < Timestamp(milliseconds: 1001))
    }

    @Test func `A duration out of the range of milliseconds is at the end of it`() {
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect(Duration.microseconds(1_999).milliseconds == 1)
        #expect(Duration.milliseconds(1_234).inSeconds == 1.234)
    }
}
