import HTTPTransport
import JSONStream
import QualysAPI
import Support
import XMLStream

extension AnswerReceiver where Body == SpooledBody {
    /// Spools an XML answer with that root element. Whether the rest of it is whole shows when it is read.
    static func xml(_ root: String, scratch: String) -> AnswerReceiver {
        let body = SpooledBody(folder: scratch)
        return AnswerReceiver(sink: body.sink) { (_: HTTPResponse) throws(AnswerFault) in
            let head = body.prefix(64 << 10)
            // An error, also with status 200, has another root.
            guard contains(head, "<\(root)") else { throw .error(head) }
            return body
        }
    }
}

/// A page of the inventory.
struct InventoryPage: Sendable {
    /// Nil for an answer without a body: nothing (more) is there.
    fileprivate let body: SpooledBody?

    /// Where its assets stand: in a list, or one in the place of the list.
    fileprivate let assets: JSONPath

    /// The asset after which the next page begins; nil on the last page.
    let next: Int64?

    func forEachAsset(_ asset: (JSONValue) throws -> Void) throws {
        guard let body else { return }
        var reader = JSONStreamReader(items: assets, bounds: itemBounds)
        try body.forEachPiece { try reader.push($0, item: asset) }
        try reader.finish(item: asset)
    }
}

extension AnswerReceiver where Body == InventoryPage {
    /// Spools a page of the inventory and checks all of it: that it is whole, is JSON, says `SUCCESS`, and has as many
    /// assets as it says. Only the status 204 says that there are none.
    ///
    /// - Parameter pageSize: How many assets were asked for.
    static func inventory(pageSize: Int, scratch: String) -> AnswerReceiver {
        let body = SpooledBody(folder: scratch)
        return AnswerReceiver(sink: body.sink) { (response: HTTPResponse) throws(AnswerFault) in
            if response.status == 204 { return InventoryPage(body: nil, assets: assetList, next: nil) }
            do {
                return try page(body, pageSize)
            } catch let fault as AnswerFault {
                throw fault
            } catch let fault as JSONFault {
                let head = body.prefix(64 << 10)
                if head.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") { throw .error(head) }
                throw .unreadable(fault.description)
            } catch {
                throw .unusable(describe(error).description)
            }
        }
    }

    private static func page(_ body: SpooledBody, _ pageSize: Int) throws -> InventoryPage {
        var seen = SeenAssets()
        var reader = JSONStreamReader(
            items: assetList,
            found: [responseCode, hasMore, lastSeen, count, assets],
            bounds: itemBounds
        )
        try body.forEachPiece { try reader.push($0) { seen.add($0) } }
        try reader.finish()
        guard reader[responseCode]?.text == "SUCCESS" else { throw AnswerFault.error(body.prefix(64 << 10)) }
        let isOne = reader[assets] == .object
        if isOne { try InventoryPage(body: body, assets: assets, next: nil).forEachAsset { seen.add($0) } }
        let told = reader[count]?.text
        guard told == nil || told == String(seen.count), isOne || reader[assets] == .array || told == "0" else {
            throw AnswerFault.unreadable("It says \(told ?? "not how many") assets and has \(seen.count).")
        }
        let last = reader[lastSeen]?.text.flatMap { Int64($0) }
        let isMore =
            switch reader[hasMore]?.text {
            case let flag?: flag == "1" || flag == "true"
            // Missing is none, unless the page looks as if there were more.
            case nil: seen.count > 0 && (last != nil || seen.count >= pageSize)
            }
        guard !isMore || last ?? seen.largest != nil else {
            throw AnswerFault.unusable("There are more assets, but the page does not say after which.")
        }
        return InventoryPage(body: body, assets: isOne ? assets : assetList, next: isMore ? last ?? seen.largest : nil)
    }
}

/// What is counted of the assets of a page.
private struct SeenAssets {
    var count = 0
    var largest: Int64?

    mutating func add(_ asset: JSONValue) {
        count += 1
        if let id = asset["assetId"]?.plain.flatMap({ Int64($0) }) { largest = max(largest ?? id, id) }
    }
}

private let itemBounds = JSONStreamReader.Bounds(item: 64 << 20)
private let assets: JSONPath = "assetListData.asset"
private let assetList: JSONPath = "assetListData.asset[]"
private let count: JSONPath = "count"
private let responseCode: JSONPath = "responseCode"
private let hasMore: JSONPath = "hasMore"
private let lastSeen: JSONPath = "lastSeenAssetId"

private func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard bytes.count >= wanted.count else { return false }
    return (0...(bytes.count - wanted.count)).contains { start in
        bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted)
    }
}
