import Testing

@testable import XMLStream

@Suite struct XMLElementTests {
    @Test func `A small answer is read by paths`() throws {
        let xml = """
            <?xml version="1.0" encoding="UTF-8" ?>
            <!DOCTYPE SIMPLE_RETURN SYSTEM "https://qualysapi.example.test/api/2.0/simple_return.dtd">
            <SIMPLE_RETURN><RESPONSE><DATETIME>2024-05-06T03:10:30Z</DATETIME><CODE>1960</CODE><TEXT>a &lt; b</TEXT>
            <ITEM_LIST><ITEM><KEY>CALLS</KEY></ITEM><ITEM/></ITEM_LIST></RESPONSE></SIMPLE_RETURN><!-- end -->
            """
        let root = try XMLElement.parse(Array(xml.utf8))
        #expect(root.name == "SIMPLE_RETURN")
        #expect(root.text(at: "RESPONSE/CODE") == "1960")
        #expect(root.text(at: "RESPONSE/TEXT") == "a < b")
        #expect(root.text(at: "RESPONSE/NONE/CODE") == nil)
        #expect(root["RESPONSE"]?["ITEM_LIST"]?.all("ITEM").map { $0.text(at: "KEY") } == ["CALLS", nil])
    }

    @Test(arguments: [1, 10, 10_000])
    func `Records come one by one, those within them as children`(pieceSize: Int) throws {
        let xml =
            "<KB><INFO><V>0</V></INFO>" + (1...50).map { "<V q='\($0)'><QID>\($0)</QID><V/></V>" }.joined() + "</KB>"
        let bytes = Array(xml.utf8)
        let reader = XMLRecordReader(record: "V")
        var seen: [String] = []
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            try reader.push(Array(bytes[start..<min(bytes.count, start + pieceSize)])) { record in
                seen.append(
                    "\(record.attribute("q") ?? "-") \(record.text(at: "QID") ?? record.text) \(record.children.count)"
                )
            }
        }
        try reader.finish()
        #expect(seen == ["- 0 0"] + (1...50).map { "\($0) \($0) 2" })
        #expect(reader.rootName == "KB")
    }

    @Test func `A record has a ceiling, and the document has none`() throws {
        let options = XMLOptions(text: 1000)
        let reader = XMLRecordReader(record: "V", options: options)
        let small = Array(("<V>" + String(repeating: "x", count: 900) + "</V>").utf8)
        try reader.push(Array("<KB>".utf8)) { _ in }
        for _ in 0..<100 { try reader.push(small) { _ in } }
        #expect(throws: XMLFault.tooLong(element: "V", ceiling: 1000)) {
            try reader.push(Array(("<V>" + String(repeating: "<a/>", count: 20) + "</V>").utf8)) { _ in }
        }
    }

    @Test func `Names without end are refused`() {
        let names = (0...5000).map { "<n\($0)/>" }.joined()
        #expect(throws: XMLFault.tooManyNames(ceiling: 4096)) {
            try XMLElement.parse(Array("<a>\(names)</a>".utf8))
        }
    }

    @Test func `Attributes that nobody wrote are refused`() {
        let value = String(repeating: "x", count: 200_000)
        let records = String(repeating: "<V/>", count: 500)
        let reader = XMLRecordReader(record: "V", options: XMLOptions(repairs: true))
        #expect(throws: XMLFault.attributeDeclared) {
            let text = "<!DOCTYPE KB [<!ATTLIST V a CDATA '\(value)'>]><KB>\(records)</KB>"
            try reader.push(Array(text.utf8)) { _ in Issue.record("A record was given.") }
            try reader.finish()
        }
    }

    @Test func `A document type is refused where none is expected`() {
        let text = Array("<!DOCTYPE a><a/>".utf8)
        #expect(throws: XMLFault.documentType) {
            try XMLElement.parse(text, options: XMLOptions(allowsDocumentType: false))
        }
        #expect(throws: Never.self) { try XMLElement.parse(text) }
    }
}
