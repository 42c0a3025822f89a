import Glibc
import Support
import Testing

@testable import QScanner

@Suite struct ResultFileTests {
    let folder = TemporaryFolder()

    @Test func `Files are told apart by the ends of their names`() throws {
        let id = String(repeating: "ab", count: 32)
        for name in [
            "\(id)-ScanResult.json", "\(id)-ScanResult.spdx.json", "\(id)-Report.sarif.json", "\(id)-Report.json",
            "\(id)-ScanResult.spdx.json.xz", "\(id)-ChangeList.db.xz", "notes.txt", "xScanResult.json", ".hidden",
        ] {
            folder.write("{}".utf8, to: name)
        }
        let files = try ResultFile.found(in: folder.path)
        #expect(Set(files.map(\.kind)) == Set(ResultFile.Kind.allCases))
        #expect(files.count == 4)
        #expect(try files.one(.scanResult)?.path == "\(folder.path)/\(id)-ScanResult.json")
        #expect(try files.one(.spdx)?.path == "\(folder.path)/\(id)-ScanResult.spdx.json")
        #expect(files.allSatisfy { $0.bytes == 2 })
    }

    @Test func `Links, folders and pipes are not files`() throws {
        folder.write("{}".utf8, to: "real")
        symlink("\(folder.path)/real", "\(folder.path)/a-ScanResult.json")
        mkdir("\(folder.path)/b-ScanResult.json", 0o700)
        mkfifo("\(folder.path)/c-ScanResult.json", 0o600)
        #expect(try ResultFile.found(in: folder.path).isEmpty)
    }

    @Test func `Two of a kind are an error`() throws {
        folder.write("{}".utf8, to: "a-ScanResult.json")
        folder.write("{}".utf8, to: "b-ScanResult.json")
        let files = try ResultFile.found(in: folder.path)
        #expect(throws: QScannerError.self) { try files.one(.scanResult) }
        #expect(try files.one(.sarif) == nil)
    }

    @Test func `A folder that is not there is an error`() {
        #expect(throws: QScannerError.self) { try ResultFile.found(in: folder.path + "/none") }
    }
}

@Suite struct ScanResultDocumentTests {
    let folder = TemporaryFolder()

    func document(_ text: String) throws -> ScanResultDocument? {
        folder.write(text.utf8, to: "x-ScanResult.json")
        return try ResultFile.found(in: folder.path).one(.scanResult)?.document(ScanResultDocument.self)
    }

    static func tagged(_ tags: String) -> String {
        #"{"Metadata":{"TargetMetadata":{"ImageMetadata":{"RepoTags":\#(tags)}}}}"#
    }

    @Test(arguments: [
        (#"["lambdascan:1763622437"]"#, "1763622437"),
        (#"["lambdascan:a b_.:/=+-@é1","other:2"]"#, "a b_.:/=+-@é1"),
        (#"["other:1","lambdascan:2"]"#, nil),
        (#"["lambdascan:"]"#, nil),
        (#"["lambdascan:a;b"]"#, nil),
        (#"["lambdascan:a\nb"]"#, nil),
        (#"["lambdascan:😀"]"#, nil),
        (#"[7,"lambdascan:2"]"#, nil),
        (#"[]"#, nil), (#"null"#, nil), (#""lambdascan:1""#, nil), (#"{}"#, nil),
        ("[\"lambdascan:\(String(repeating: "a", count: 256))\"]", String(repeating: "a", count: 256)),
        ("[\"lambdascan:\(String(repeating: "a", count: 257))\"]", nil),
    ])
    func `The tag is what follows lambdascan in the first repository tag, when AWS takes it`(tags: String, tag: String?)
        throws
    {
        #expect(try document(Self.tagged(tags))?.tag == tag)
    }

    @Test(arguments: [
        (#"{"SecretResults":[{"Secrets":[{},{"Match":"x"}]},{"Secrets":[1]}]}"#, 3),
        (#"{"SecretResults":[]}"#, 0),
        (#"{"SecretResults":[{"Secrets":null},{"Target":1},7,null]}"#, 0),
        (#"{"ScansPerformed":[{"ScanType":"secret","Status":"SUCCESS"}]}"#, 0),
        (#"{"ScansPerformed":[{"ScanType":"secret","Status":"FAILED"}]}"#, nil),
        (#"{"ScansPerformed":[{"ScanType":"sca","Status":"SUCCESS"},7]}"#, nil),
        (#"{"SecretResults":"odd"}"#, nil),
        (#"{}"#, nil),
    ])
    func `Secrets are counted when they were looked for`(text: String, count: Int?) throws {
        #expect(try document(text)?.secrets == count)
    }

    @Test func `Odd fields that are not needed do no harm`() throws {
        let text = #"""
            {"SchemaVersion": "five", "QScannerVersion": [], "ScansPerformed": {}, "OSResults": 1, "Metadata": 3,
             "SecretResults": [{"Target": {}, "Secrets": [{}]}], "New": [[{}]]}
            """#
        #expect(try document(text)?.secrets == 1)
        #expect(try document(text)?.tag == nil)
    }

    @Test(arguments: ["", " ", "[]", "7", "null", "\"x\"", "{", #"{"SecretResults":[{"Secrets":[{}"#, "<html>", "{}{}"])
    func `What is not a JSON object is an error`(text: String) {
        let error = #expect(throws: QScannerError.self) { try document(text) }
        #expect(error?.reason == .brokenResult)
        #expect(error?.description.contains("ScanResult.json") == true)
    }

    @Test func `An error does not quote the file`() {
        let error = #expect(throws: QScannerError.self) { try document(#"{"SecretResults":[{"Match":"hunter22" x}]}"#) }
        #expect(error.map { "\($0)".contains("hunter22") } == false)
    }

    @Test func `A file above the ceiling is not read`() throws {
        #expect(try ResultFile(kind: .sarif, path: "/nowhere", bytes: 300 << 20).document(SARIFDocument.self) == nil)
    }
}
