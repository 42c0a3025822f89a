import Testing

@testable import JSONStream

@Suite struct JSONStreamReaderTests {
    private static let download: [JSONPath] = [
        "ServiceResponse.responseCode", "ServiceResponse.responseErrorDetails.errorMessage",
        "ServiceResponse.data[0].WasScan", "ServiceResponse.data[0].WasScan.id",
        "ServiceResponse.data[0].WasScan.endScanDate", "ServiceResponse.data",
    ]

    private func scalars(_ paths: [JSONPath], in text: String, pieceSize: Int) throws -> [JSONScalar?] {
        var reader = JSONStreamReader(found: paths)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            try reader.push(Array(bytes[start..<min(bytes.count, start + pieceSize)]))
        }
        try reader.finish()
        var scalars: [JSONScalar?] = []
        for path in paths { scalars.append(reader[path]) }
        return scalars
    }

    @Test(arguments: [1, 2, 7, 1000])
    func `A download tells what it is, wherever it is cut`(pieceSize: Int) throws {
        let scan = #"""
            {"ServiceResponse": {"data": [{"WasScan": {"name": {"id": 1}, "id": 9007199254740993,
            "tags": [{"id": 2}], "end\u0053canDate": "2024-05-06T03:10:30Z", "t": "K\u00e4se \ud83d\ude00"}},
            {"WasScan": {"id": 3}}], "responseCode": "SUCCESS"}, "data": [{"WasScan": {"id": 4}}]}
            """#
        let expected: [JSONScalar?] = [
            .text("SUCCESS"), nil, .object, .number("9007199254740993"), .text("2024-05-06T03:10:30Z"), .array,
        ]
        #expect(try scalars(Self.download, in: scan, pieceSize: pieceSize) == expected)

        let refused = #"""
            {"ServiceResponse":{"responseCode":"INVALID_CREDENTIALS","responseErrorDetails":
            {"errorMessage":"No \"access\"\n"}}}
            """#
        #expect(
            try scalars(Self.download, in: refused, pieceSize: pieceSize)
                == [.text("INVALID_CREDENTIALS"), .text("No \"access\"\n"), nil, nil, nil, nil]
        )
    }

    @Test(arguments: [
        ("true", JSONScalar.bool(true)), ("false", .bool(false)), ("null", .null), (#""true""#, .text("true")),
        ("-12e4", .number("-12e4")), ("{}", .object), ("[]", .array), (#""\ud800""#, .text("\u{FFFD}")),
    ])
    func `A value is found as it was written`(text: String, scalar: JSONScalar) throws {
        #expect(try scalars(["hasMore"], in: "{\"hasMore\":\(text)}", pieceSize: 3) == [scalar])
        #expect(try scalars([""], in: text, pieceSize: 3) == [scalar])
    }

    @Test func `Of members with one name the last is found`() throws {
        #expect(try scalars(["a.b"], in: #"{"a":{"b":1,"b":2},"b":4}"#, pieceSize: 2) == [.number("2")])
    }

    @Test func `Items come one by one, and what stands beside them is found`() throws {
        var reader = JSONStreamReader(
            items: "assetListData.asset[]",
            found: ["hasMore", "assetListData.asset", "count"]
        )
        var ids: [Int64] = []
        let page = #"{"count":2,"assetListData":{"asset":[{"assetId":-7},{"assetId":8,"count":3}]},"hasMore":1}"#
        try reader.push(Array(page.utf8)) { item in
            if let id = item["assetId"]?.integer { ids.append(id) }
        }
        try reader.finish()
        #expect(ids == [-7, 8])
        #expect(reader["hasMore"] == .number("1"))
        #expect(reader["assetListData.asset"] == .array)
        #expect(reader["count"] == .number("2"))
    }

    @Test(arguments: [
        #"{"ServiceResponse":{"data":{"a":1}}}"#, #"{"ServiceResponse":{}}"#, "[]", "7", #"{"data":[1]}"#,
    ])
    func `Where the array is not, there are no items`(text: String) throws {
        var reader = JSONStreamReader(items: "ServiceResponse.data[]")
        try reader.push(Array(text.utf8)) { _ in Issue.record("an item") }
        try reader.finish { _ in Issue.record("an item") }
    }

    @Test func `An item over the ceiling is refused by its path, however it is cut`() throws {
        let text = Array(#"{"a":[["1234567"],["12345678"]]}"#.utf8)
        for pieceSize in [1, 5, 100] {
            var reader = JSONStreamReader(items: "a[]", bounds: JSONStreamReader.Bounds(item: 11))
            let fault = #expect(throws: JSONFault.self) {
                for start in stride(from: 0, to: text.count, by: pieceSize) {
                    try reader.push(Array(text[start..<min(text.count, start + pieceSize)]))
                }
            }
            #expect(fault == .tooLong("a[]", ceiling: 11))
            #expect(fault?.description == "The JSON value at a[] has more than 11 bytes.")
            #expect(throws: JSONFault.tooLong("a[]", ceiling: 11)) { try reader.finish() }
        }
    }

    @Test func `A value that is looked for has a ceiling, and others have none`() throws {
        let long = String(repeating: "x", count: 100)
        let bounds = JSONStreamReader.Bounds(item: 10, found: 50)
        for (text, fault) in [
            ("{\"b\":\"\(long)\"}", nil), ("{\"a\":\"\(long)\"}", JSONFault.tooLong("a", ceiling: 50)),
        ] {
            for pieceSize in [1, 200] {
                var reader = JSONStreamReader(items: "c", found: ["a"], bounds: bounds)
                var thrown: JSONFault?
                do {
                    for start in stride(from: 0, to: text.utf8.count, by: pieceSize) {
                        try reader.push(Array(Array(text.utf8).dropFirst(start).prefix(pieceSize)))
                    }
                } catch let caught as JSONFault {
                    thrown = caught
                }
                #expect(thrown == fault)
            }
        }
    }

    @Test func `Nesting has a ceiling`() throws {
        var reader = JSONStreamReader()
        try reader.push([UInt8](repeating: UInt8(ascii: "["), count: 512))
        #expect(throws: JSONFault.tooDeep(ceiling: 512)) { try reader.push([UInt8(ascii: "[")]) }
    }

    @Test func `What the reader of items throws comes through, and stays`() throws {
        struct Full: Error {}
        var reader = JSONStreamReader(items: "[]")
        #expect(throws: Full.self) { try reader.push(Array("[1,2]".utf8)) { _ in throw Full() } }
        #expect(throws: Full.self) { try reader.finish() }
    }

    @Test func `After a reset the next text is read`() throws {
        var reader = JSONStreamReader(found: ["a"])
        #expect(throws: JSONFault.invalid(offset: 5)) { try reader.push(Array(#"{"a":}"#.utf8)) }
        reader.reset()
        try reader.push(Array(#"{"a":1}"#.utf8))
        try reader.finish()
        #expect(reader["a"] == .number("1"))
    }
}
