import Testing

@testable import XMLStream

@Suite struct XMLStreamReaderTests {
    private func read(_ text: String, pieceSize: Int = 100_000, options: XMLOptions = XMLOptions()) throws -> [String] {
        try read(Array(text.utf8), pieceSize: pieceSize, options: options).consumer.lines
    }

    private func read(
        _ bytes: [UInt8],
        pieceSize: Int = 100_000,
        options: XMLOptions = XMLOptions()
    ) throws -> XMLStreamReader<ExpatTests.Notes> {
        let reader = XMLStreamReader(ExpatTests.Notes(), options: options)
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            try reader.push(Array(bytes[start..<min(bytes.count, start + pieceSize)]))
        }
        try reader.finish()
        return reader
    }

    @Test(arguments: [1, 3, 1000])
    func `Elements of interest come with their depth, attributes and whole text`(pieceSize: Int) throws {
        let text = """
            <?xml version="1.0"?><!DOCTYPE A SYSTEM "https://nowhere.example/a.dtd"><!-- c --><A><HOST n="1&amp;2">
            <ID>7</ID><OTHER><ID>8</ID></OTHER><RESULTS>a<!-- c --><![CDATA[<b>]]>&lt;<i>x</i>y</RESULTS></HOST></A>
            """
        #expect(
            try read(text, pieceSize: pieceSize) == [
                #"<host 2 ["n=1&2"]"#, "<id 3 []", ">id 3 7", "<id 4 []", ">id 4 8", "<results 3 []",
                ">results 3 a<b><xy", ">host 2 ",
            ]
        )
    }

    @Test func `The root tells what the answer is`() throws {
        #expect(try read(Array("<SIMPLE_RETURN><RESPONSE/></SIMPLE_RETURN>".utf8)).rootName == "SIMPLE_RETURN")
    }

    @Test(arguments: [
        ("", XMLFault.truncated), (" ", .truncated), ("<a>", .truncated), ("<a><![CDATA[x", .truncated),
        ("<a/><!-- ", .truncated), ("<a>\u{E9}", .truncated),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", .entityDeclared),
        ("<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'>%x;]><a/>", .entityDeclared),
        ("<!DOCTYPE a [<!ENTITY x SYSTEM 'http://nowhere.example/'>]><a>&x;</a>", .entityDeclared),
        ("<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>", .attributeDeclared),
        ("<a></b>", .notWellFormed(line: 1, column: 6, reason: "mismatched tag")),
        ("{\"a\":1}", .notWellFormed(line: 1, column: 1, reason: "not well-formed (invalid token)")),
        ("<a/>\n<b/>", .notWellFormed(line: 2, column: 1, reason: "junk after document element")),
        ("<a>&x;</a>", .notWellFormed(line: 1, column: 4, reason: "undefined entity")),
        ("<a>\u{1}</a>", .notWellFormed(line: 1, column: 4, reason: "not well-formed (invalid token)")),
    ])
    func `What is not XML, or is refused, is told`(text: String, fault: XMLFault) {
        #expect(throws: fault) { try read(text) }
        #expect(throws: fault) { try read(text, pieceSize: 1) }
    }

    @Test func `The bounds hold`() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(throws: XMLFault.tooDeep(ceiling: 64)) { try read(deep) }
        let name = String(repeating: "n", count: 257)
        #expect(throws: XMLFault.nameTooLong(ceiling: 256)) { try read("<\(name)/>") }
        let long = String(repeating: "x", count: 101)
        let options = XMLOptions(text: 100)
        #expect(throws: XMLFault.tooLong(element: "ID", ceiling: 100)) {
            try read("<a><ID>\(long)</ID></a>", options: options)
        }
        #expect(throws: XMLFault.tooLong(element: "ID", ceiling: 100)) {
            try read("<a><ID>\(long)</ID></a>", pieceSize: 3, options: options)
        }
        // What nobody wants has no bound.
        #expect(throws: Never.self) { try read("<a><b>\(long)</b></a>", options: options) }
    }

    @Test(arguments: [1, 3, 7, 1000])
    func `A text that is too long is cut behind a whole character, where that is wanted`(pieceSize: Int) throws {
        let options = XMLOptions(text: 10, cutsTexts: true)
        for (text, cut) in [
            ("0123456789", "0123456789"), ("0123456789a", "0123456789"), ("01234567é9abc", "01234567é"),
            ("012345678é", "012345678"), ("😀😀😀", "😀😀"),
        ] {
            let read = try read("<a><ID>\(text)</ID><ID>next</ID></a>", pieceSize: pieceSize, options: options)
            #expect(read == (try self.read("<a><ID>\(cut)</ID><ID>next</ID></a>")))
        }
    }

    @Test(arguments: ["<!-- %", "<a b=\"%", "<%", "<?p %", "<a>&%"])
    func `What expat holds in one piece is bounded`(_ beginning: String) {
        let text = beginning.replacing("%", with: String(repeating: "x", count: 500_000))
        #expect(throws: XMLFault.tokenTooLong(ceiling: 10_000)) {
            try read(text, pieceSize: 4096, options: XMLOptions(token: 10_000))
        }
    }

    @Test func `A long text in many chunks comes whole, and a long CDATA section too`() throws {
        let long = String(repeating: "é\n", count: 300_000)
        #expect(try read("<a><ID>\(long)</ID></a>", pieceSize: 1000).contains(">id 2 \(long)"))
        #expect(try read("<a><ID><![CDATA[\(long)]]></ID></a>", pieceSize: 1000).contains(">id 2 \(long)"))
    }

    @Test func `What came before a fault has been given`() {
        let reader = XMLStreamReader(ExpatTests.Notes())
        #expect(throws: XMLFault.self) { try reader.push(Array("<a><ID>1</ID><ID>2</ID></b>".utf8)) }
        #expect(reader.consumer.lines == ["<id 2 []", ">id 2 1", "<id 2 []", ">id 2 2"])
        #expect(throws: XMLFault.self) { try reader.push(Array("<ID>".utf8)) }
        #expect(reader.consumer.lines.count == 4)
    }

    @Test(arguments: [1, 2, 1000])
    func `Dirty bytes are repaired and counted, when that is asked for`(pieceSize: Int) throws {
        let bytes = Array("<a><ID>1\u{1}2".utf8) + [0, 0xFF, 0x33, 0xE2, 0x82] + Array("</ID></a>".utf8)
        let reader = try read(bytes, pieceSize: pieceSize, options: XMLOptions(repairs: true))
        #expect(reader.consumer.lines == ["<id 2 []", ">id 2 12\u{FFFD}3\u{FFFD}"])
        #expect(reader.removedControls == 2)
        #expect(reader.repairedPlaces == 2)
        #expect(throws: XMLFault.self) { try read(bytes, pieceSize: pieceSize) }
    }

    @Test func `An entity that a DTD elsewhere may declare stays as it was written`() throws {
        let reader = try read(Array("<!DOCTYPE a SYSTEM \"a.dtd\"><a><ID>x&nbsp;y</ID></a>".utf8))
        #expect(reader.consumer.lines == ["<id 2 []", ">id 2 x&nbsp;y"])
        #expect(reader.skippedEntities == 1)
    }

    @Test func `What the consumer throws comes through`() {
        struct Full: Error {}
        struct Strict: XMLConsumer {
            enum Element: String, CaseIterable { case a }
            static let texts: Set<Element> = []
            mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) throws { throw Full() }
            mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) {}
        }
        #expect(throws: Full.self) { try XMLStreamReader(Strict()).push(Array("<a/>".utf8)) }
    }
}
