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
    let body: SpooledBody?

    /// The asset after which the next page begins; nil on the last page.
    let next: Int64?

    func forEachAsset(_ asset: (JSONValue) throws -> Void) throws {
        guard let body else { return }
        var reader = JSONStreamReader(items: "assetListData.asset[]", bounds: JSONStreamReader.Bounds(item: 64 << 20))
        try body.forEachPiece { try reader.push($0, item: asset) }
        try reader.finish(item: asset)
    }
}

extension AnswerReceiver where Body == InventoryPage {
    /// Spools a page of the inventory and checks all of it: that it is whole, is JSON, and says `SUCCESS`.
    static func inventory(scratch: String) -> AnswerReceiver {
        let body = SpooledBody(folder: scratch)
        return AnswerReceiver(sink: body.sink) { (response: HTTPResponse) throws(AnswerFault) in
            if response.status == 204 || body.byteCount == 0 { return InventoryPage(body: nil, next: nil) }
            var reader = JSONStreamReader(found: [responseCode, hasMore, lastSeen])
            do {
                try body.forEachPiece { try reader.push($0) }
                try reader.finish()
            } catch let fault as JSONFault {
                let head = body.prefix(64 << 10)
                if head.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") { throw .error(head) }
                throw .unreadable(fault.description)
            } catch {
                throw .unusable(describe(error).description)
            }
            guard reader[responseCode]?.text == "SUCCESS" else { throw .error(body.prefix(64 << 10)) }
            // A number or a truth; missing is none.
            guard let more = reader[hasMore]?.text, more == "1" || more == "true" else {
                return InventoryPage(body: body, next: nil)
            }
            guard let last = reader[lastSeen]?.text.flatMap({ Int64($0) }) ?? lastAsset(of: body) else {
                throw .unusable("There are more assets, but the page does not say after which.")
            }
            return InventoryPage(body: body, next: last)
        }
    }

    private static func lastAsset(of body: SpooledBody) -> Int64? {
        var last: Int64?
        try? InventoryPage(body: body, next: nil).forEachAsset { asset in
            guard let id = asset["assetId"]?.plain.flatMap({ Int64($0) }) else { return }
            last = max(last ?? id, id)
        }
        return last
    }
}

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
