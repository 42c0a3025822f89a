import Logging
import Support
import TestSupport
import Testing

@testable import Telemetry

@Suite struct JSONLogHandlerTests {
    private struct Refusal: Failure {
        let label = "Test.Refused"
        let description = "It was\nrefused."
    }

    private struct StrangerError: Error {
        let secret = "hunter2"
    }

    /// The lines that `work` logs.
    private func lines(level: Logger.Level = .trace, _ work: (inout Logger) -> Void) -> [String] {
        let written = Journal<[UInt8]>()
        var log = Logger(label: "test") { _ in
            JSONLogHandler(level: level, clock: FakeClock().clock) { written.write($0) }
        }
        work(&log)
        return written.entries.map { String(decoding: $0, as: UTF8.self) }
    }

    private func line(_ work: (inout Logger) -> Void) throws -> JSON {
        try JSON(try #require(lines(work).first))
    }

    @Test func `A line has its fields in their order and ends in a line feed`() {
        let lines = lines { log in
            log[metadataKey: "requestId"] = "r-1"
            log[metadataKey: "zeta"] = "z"
            log.notice("Said \"so\"", error: Refusal(), metadata: ["alpha": "a", "count": .stringConvertible(3)])
        }
        #expect(
            lines == [
                #"{"timestamp":"2026-11-21T03:00:45.000Z","level":"notice","message":"Said \"so\"","requestId":"r-1","#
                    + #""alpha":"a","count":3,"zeta":"z","errorType":"Test.Refused","error":"It was\nrefused."}"# + "\n"
            ]
        )
    }

    @Test func `Without a request id there is none`() throws {
        let line = try line { $0.info("Started") }
        #expect(line == ["timestamp": "2026-11-21T03:00:45.000Z", "level": "info", "message": "Started"])
    }

    @Test func `Whatever is logged is one line of JSON`() throws {
        let odd = (0..<0xA0).map { String(UnicodeScalar(UInt8($0))) }.joined() + "\u{2028}\u{202E}\u{FEFF}\"\\{}\r\n😀"
        let lines = lines { log in
            log.info("\(odd)", metadata: ["\(odd)": "\(odd)", "list": [.string(odd)], "map": ["\(odd)": .string(odd)]])
        }
        #expect(lines.count == 1)
        #expect(lines[0].utf8.filter { $0 < 0x20 } == [0x0A])
        let line = try JSON(lines[0])
        #expect(line["message"] == .text(odd))
        #expect(line[odd] == .text(odd))
        #expect(line["list"] == [.text(odd)])
        #expect(line["map"] == .object([odd: .text(odd)]))
    }

    @Test func `Numbers and truths are no texts`() throws {
        struct Text: CustomStringConvertible, Sendable { let description = "text" }
        let line = try line { log in
            log.info(
                "",
                metadata: [
                    "int": .stringConvertible(-7), "double": .stringConvertible(1.5), "truth": .stringConvertible(true),
                    "nan": .stringConvertible(Double.nan), "other": .stringConvertible(Text()), "array": ["1", "2"],
                ]
            )
        }
        #expect(line["int"] == -7)
        #expect(line["double"] == 1.5)
        #expect(line["truth"] == true)
        #expect(line["nan"] == .null)
        #expect(line["other"] == "text")
        #expect(line["array"] == ["1", "2"])
    }

    @Test func `A stranger's error shows no more than its type`() throws {
        let line = try line { $0.error("Failed", error: StrangerError()) }
        #expect(line["errorType"] == "Internal.StrangerError")
        #expect(line["error"] == "An unexpected error of type StrangerError.")
        #expect(try self.line { $0.error("Failed", error: CancellationError()) }["errorType"] == "Task.Cancelled")
    }

    @Test func `A secret in the metadata prints as redacted`() throws {
        let line = try line { $0.info("x", metadata: ["token": .stringConvertible(Redacted("hunter2"))]) }
        #expect(line["token"] == "[redacted]")
    }

    @Test func `A long value is cut, within no character`() throws {
        let long = String(repeating: "é", count: 10_000)
        let line = try line { log in
            log[metadataKey: "requestId"] = "\(long)"
            log.info("\(long)", metadata: ["value": "\(long)"])
        }
        for name in ["message", "requestId", "value"] {
            let text = try #require(line[name]?.text)
            #expect(text.utf8.count < 8300)
            #expect(text.hasSuffix("é…"))
        }
    }

    @Test func `A line that would drown the rest goes without its fields`() throws {
        let long = String(repeating: "\u{1}", count: 5000)
        let lines = lines { log in
            log[metadataKey: "requestId"] = "r-1"
            log.error(
                "Failed",
                error: Refusal(),
                metadata: ["list": .array(Array(repeating: .string(long), count: 200))]
            )
        }
        #expect(lines[0].utf8.count <= 64 << 10)
        #expect(try JSON(lines[0]).names == ["timestamp", "level", "message", "requestId", "errorType", "error"])
    }

    @Test func `Lines below the level are not written`() {
        let lines = lines(level: .warning) { log in
            log.info("no")
            log.warning("yes")
        }
        #expect(lines.count == 1)
    }

    @Test func `A line's own metadata comes before the logger's`() throws {
        let line = try line { log in
            log[metadataKey: "a"] = "logger"
            log.info("x", metadata: ["a": "line"])
        }
        #expect(line["a"] == "line")
    }
}
