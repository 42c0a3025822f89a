import Support
import TestSupport
import Testing
import XMLStream

@testable import HostDetections

@Suite("Rows of detections")
struct DetectionRowsTests {
    @Test("The rows are those that Python's expat reads from the same bytes, however they are cut")
    func rowsOfExpat() async throws {
        let folder = try TemporaryFolder()
        var documents: [[UInt8]] = []
        var random = RandomDocument(seed: 20_261_121)
        for number in 1000..<1300 {
            documents.append(random.next())
            _ = try folder.write("\(number).xml", documents[number - 1000])
        }
        let output = try await Python.output(of: "expat_rows.py", [folder.path])
        let expected = String(decoding: output, as: UTF8.self)
        var generator = SeededGenerator(seed: 7)
        var found = ""
        for document in documents {
            found += try rows(of: document, .ndjson) { Int.random(in: 1...200, using: &generator) } + "\n"
        }
        // Compared line by line, so that a failure shows a line and not a megabyte.
        let (left, right) = (found.split(separator: "\n"), expected.split(separator: "\n"))
        #expect(left.count == right.count)
        #expect(left.count > 500)
        for (left, right) in zip(left, right) where left != right {
            #expect(left == right)
            return
        }
        #expect(found == expected)
    }

    @Test("Numbers are numbers, texts stay as they are, and what is not there is null")
    func values() throws {
        let row = try rows(of: document(detection: "<QID> 007</QID><SEVERITY>x</SEVERITY><RESULTS></RESULTS>"), .ndjson)
        #expect(row.hasPrefix(#"{"host_id":5,"ip":"10.0.0.1","dns":null"#))
        #expect(row.contains(#""qid":7,"type":null,"severity":null"#))
        #expect(row.contains(#""results":"""#))
    }

    @Test("CSV tells an empty text from one that is not there, and keeps quotes and line ends")
    func csv() throws {
        let detection = "<QID>7</QID><TYPE></TYPE><RESULTS>a \"b\",\nc</RESULTS>"
        let row = try rows(of: document(detection: detection), .csv)
        #expect(row == "5,\"10.0.0.1\",,,,,7,\"\",,,,,,,,\"a \"\"b\"\",\nc\",,,,,,,,,,\n")
    }

    @Test("A host of an earlier page is passed over")
    func seen() throws {
        let text = Array(document(detection: "<QID>7</QID>"))
        let reader = XMLStreamReader(DetectionConsumer([], seen: IDRanges([5])))
        try reader.push(text)
        try reader.finish()
        #expect(reader.consumer.facts == PageFacts())
    }

    @Test(
        "RESULTS of several megabytes are cut in the rows, and what follows is as it is",
        arguments: RowText.Form.allCases
    )
    func long(form: RowText.Form) throws {
        let text = String(repeating: "\"x\"\n", count: 1 << 20)
        let long = "<QID>7</QID><RESULTS>\(text)</RESULTS><STATUS>New</STATUS>"
        let short = "<QID>8</QID><RESULTS>fine</RESULTS><STATUS>New</STATUS>"
        let cut = String(text.prefix(1 << 20))
        let written = try rows(of: document(detection: "\(long)</DETECTION><DETECTION>\(short)"), form, options: .hosts)
        let expected = try [(7, cut), (8, "fine")].map { qid, results in
            try rows(
                of: document(detection: "<QID>\(qid)</QID><RESULTS>\(results)</RESULTS><STATUS>New</STATUS>"),
                form
            )
        }
        let isExpected = written == expected.joined()
        #expect(isExpected)
    }

    @Test("A detection without a number of Qualys's own has a key that stays the same")
    func keys() throws {
        final class Keys: DetectionSink {
            var keys: [String] = []
            func add(_ row: DetectionRow) { keys.append(row.key) }
            func addHost(_ row: DetectionRow) {}
        }
        let keys = Keys()
        for detection in [
            "<UNIQUE_VULN_ID>88</UNIQUE_VULN_ID><QID>7</QID>", "<QID>7</QID><PORT>443</PORT><PROTOCOL>tcp</PROTOCOL>",
        ] {
            let reader = XMLStreamReader(DetectionConsumer([keys]))
            try reader.push(document(detection: detection))
            try reader.finish()
        }
        #expect(keys.keys == ["88", "5|7|443|tcp||"])
    }

    private func document(detection: String) -> [UInt8] {
        let host = "<HOST><ID>5</ID><IP>10.0.0.1</IP><IPV6>::1</IPV6><DETECTION_LIST><DETECTION>\(detection)"
        return Array(
            "<HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST>\(host)</DETECTION></DETECTION_LIST></HOST></HOST_LIST>"
                .utf8
        ) + Array("</RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>".utf8)
    }

    private func rows(
        of document: [UInt8],
        _ form: RowText.Form,
        options: XMLOptions = XMLOptions(),
        cut: () -> Int = { 1 << 20 }
    ) throws -> String {
        var bytes: [UInt8] = []
        let text = RowText(form) { bytes.append(contentsOf: $0) }
        let reader = XMLStreamReader(DetectionConsumer([text]), options: options)
        var rest = document[...]
        while !rest.isEmpty {
            let piece = rest.prefix(cut())
            try reader.push(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        try reader.finish()
        try text.flush()
        return String(decoding: bytes, as: UTF8.self)
    }
}
