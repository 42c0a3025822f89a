import QualysAPI
import Testing

@testable import HostDetections

@Suite("The next page of an answer that was cut")
struct NextPageTests {
    private static let base = "https://qualysapi.example.test"
    private static let path = "/api/2.0/fo/asset/host/vm/detection/"
    private static let first = [(name: "action", value: "list"), (name: "ids", value: "1,2,3")]

    private func follow(
        _ url: String,
        after fields: [(name: String, value: String)] = first
    ) throws(QualysError) -> [String] {
        try NextPage.form(url, base: Self.base, after: fields, call: "POST x").map { "\($0.name)=\($0.value)" }
    }

    @Test("Its query is the form, with what the address left out")
    func form() throws {
        let url = "\(Self.base)\(Self.path)?action=list&status=New%2CActive&id_min=2"
        #expect(try follow(url) == ["ids=1,2,3", "action=list", "status=New,Active", "id_min=2"])
    }

    @Test(
        "The same host in another case or with the port of its scheme is the same",
        arguments: [
            "https://QualysAPI.example.test", "https://qualysapi.example.test:443",
        ]
    )
    func same(origin: String) throws {
        #expect(try follow("\(origin)\(Self.path)?id_min=2").contains("id_min=2"))
    }

    @Test(
        "No page elsewhere is asked for",
        arguments: [
            "https://other.invalid", "http://qualysapi.example.test", "https://qualysapi.example.test.evil.invalid",
            "https://qualysapi.example.test@evil.invalid", "https://qualysapi.example.test:444",
            "//qualysapi.example.test",
            "https://evil.invalid/https://qualysapi.example.test", "file:///etc/passwd", "https://", "",
            #"https://evil.invalid\@qualysapi.example.test"#,
        ]
    )
    func elsewhere(origin: String) {
        let error = #expect(throws: QualysError.self) { try follow("\(origin)\(Self.path)?action=list&id_min=2") }
        #expect(error?.kind == .paging)
    }

    @Test("Paging has to come forward", arguments: ["", "&id_min=", "&id_min=x", "&id_min=10", "&id_min=9"])
    func stuck(end: String) {
        let fields = Self.first + [(name: "id_min", value: "10")]
        let error = #expect(throws: QualysError.self) {
            // Without its own, the page's id_min is the one before.
            try follow("\(Self.base)\(Self.path)?action=list\(end)", after: fields)
        }
        #expect(error?.kind == .paging)
    }
}
