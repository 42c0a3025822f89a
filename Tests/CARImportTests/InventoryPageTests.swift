import HTTPTransport
import JSONStream
import QualysAPI
import TestSupport
import Testing

@testable import CARImport

@Suite("Pages of the inventory")
struct InventoryPageTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func page(_ text: String, status: Int = 200, pageSize: Int = 2) throws -> InventoryPage {
        let receiver = AnswerReceiver.inventory(pageSize: pageSize, scratch: folder.path)
        guard case .stream(let take) = receiver.sink else { throw AnswerFault.unusable("no sink") }
        try Array(text.utf8).withUnsafeBytes(take)
        return try receiver.finish(HTTPResponse(status: status, headers: [:], body: []))
    }

    private func ids(_ page: InventoryPage) throws -> [String] {
        var ids: [String] = []
        try page.forEachAsset { ids.append($0["assetId"]?.plain ?? "") }
        return ids
    }

    private static let two = #""assetListData":{"asset":[{"assetId":5},{"assetId":7}]}"#

    @Test("Only the status 204 says that there are no assets, or a count of 0")
    func none() throws {
        #expect(try ids(page("", status: 204)) == [])
        #expect(try ids(page(#"{"responseCode":"SUCCESS","count":0}"#)) == [])
        for text in ["", #"{"responseCode":"SUCCESS"}"#, #"{"responseCode":"SUCCESS","assetListData":null}"#] {
            #expect(throws: AnswerFault.self) { try page(text) }
        }
    }

    @Test("One asset in the place of the list is a list of one")
    func one() throws {
        let page = try page(
            #"{"responseCode":"SUCCESS","count":1,"hasMore":1,"assetListData":{"asset":{"assetId":5}}}"#
        )
        #expect(try ids(page) == ["5"])
        #expect(page.next == 5)
    }

    @Test("A page that does not have as many assets as it says is not whole", arguments: [0, 1, 3])
    func count(told: Int) throws {
        #expect(throws: AnswerFault.self) { try page(#"{"responseCode":"SUCCESS","count":\#(told),\#(Self.two)}"#) }
        #expect(try ids(page(#"{"responseCode":"SUCCESS","count":2,\#(Self.two)}"#)) == ["5", "7"])
    }

    @Test(
        "Without hasMore there is a next page when the page is full, or names what is after it",
        arguments: [
            ("", 2, 7), ("", 3, nil), (#""lastSeenAssetId":9,"#, 3, 9), (#""hasMore":0,"lastSeenAssetId":9,"#, 2, nil),
            (#""hasMore":null,"#, 2, 7), (#""hasMore":true,"#, 3, 7), (#""hasMore":"1","#, 3, 7),
        ] as [(String, Int, Int64?)]
    )
    func next(members: String, pageSize: Int, next: Int64?) throws {
        let page = try page(#"{"responseCode":"SUCCESS",\#(members)\#(Self.two)}"#, pageSize: pageSize)
        #expect(page.next == next)
    }
}
