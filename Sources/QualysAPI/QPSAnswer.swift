import HTTPTransport
package import JSONStream
import Support
package import Telemetry

/// A proper answer of a QPS API, in JSON: read to its end and found to be a success.
package struct QPSAnswer: Sendable {
    package let body: SpooledBody
    private let values: [JSONPath: JSONScalar]

    fileprivate init(body: SpooledBody, values: [JSONPath: JSONScalar]) {
        self.body = body
        self.values = values
    }

    /// One that was stored, and found to be a success when it came: what it says of the page after it can be asked for.
    package init(stored body: SpooledBody) throws {
        var reader = JSONStreamReader(found: Self.paging)
        try body.forEachPiece { try reader.push($0) }
        try reader.finish()
        var values: [JSONPath: JSONScalar] = [:]
        for path in Self.paging { values[path] = reader[path] }
        self.init(body: body, values: values)
    }

    /// Where a page says what comes after it.
    fileprivate static let paging: [JSONPath] = [hasMoreRecords, lastID]

    /// Whether it is not the last page.
    fileprivate var hasMore: Bool {
        // A text in recordings, a truth elsewhere. Where it is missing, only a page that others follow has a lastId.
        self[hasMoreRecords].map { $0 == "true" } ?? (self[lastID] != nil)
    }

    /// The id after which the next page begins; nil on the last page.
    package var next: Int64? { hasMore ? self[lastID].flatMap { Int64($0) } ?? largestID : nil }

    /// For a page that says that there is more and not after what.
    private var largestID: Int64? {
        var largest: Int64?
        try? forEachRecord { record in
            // A record is an object in an object named after its kind.
            guard let value = record.members.first(where: { _ in true })?.value,
                let id = value["id"]?.scalarText.flatMap({ Int64($0) })
            else { return }
            largest = max(largest ?? id, id)
        }
        return largest
    }

    /// A value that was asked for, as text.
    package subscript(path: JSONPath) -> String? { values[path]?.text }

    /// Whether there is anything at a path that was asked for.
    package func has(_ path: JSONPath) -> Bool { values[path] != nil }

    /// Reads the records, `data[]`, one at a time; one in the place of the list is a list of one.
    ///
    /// - Parameter largest: The most bytes of one record.
    /// - Throws: At the end `QualysError.unreadable` when there are not as many as the answer says.
    package func forEachRecord(largest: Int = 32 << 20, _ record: (JSONValue) throws -> Void) throws {
        var seen = 0
        func counted(_ value: JSONValue) throws {
            seen += 1
            try record(value)
        }
        func read(_ items: JSONPath) throws -> (data: JSONScalar?, told: String?) {
            var reader = JSONStreamReader(
                items: items,
                found: [data, count],
                bounds: JSONStreamReader.Bounds(item: largest)
            )
            try body.forEachPiece { try reader.push($0, item: counted) }
            try reader.finish(item: counted)
            return (reader[data], reader[count]?.text)
        }
        let (container, told) = try read(records)
        if container == .object { _ = try read(data) }
        // Without records it says that there are 0.
        guard told == String(seen) || told == nil && (container == .array || container == .object) else {
            let message = "The answer says \(told ?? "not how many") records and has \(seen)."
            throw QualysError(.unreadable, call: "search", status: 200, message: message)
        }
    }
}

extension AnswerReceiver where Body == QPSAnswer {
    /// Spools the answer and checks all of it: that it is whole, that it is JSON, and that it says `SUCCESS`.
    ///
    /// - Parameters:
    ///   - scratch: A folder for long answers.
    ///   - memory: Longer answers in bytes go into that folder.
    ///   - limit: The longest answer in bytes.
    ///   - found: Values that are wanted.
    package static func qps(
        scratch: String,
        memory: Int = SpooledBody.memory,
        limit: Int64 = 1 << 30,
        found: [JSONPath] = []
    ) -> AnswerReceiver {
        let body = SpooledBody(folder: scratch, memoryLimit: memory, limit: limit)
        return AnswerReceiver(sink: body.sink) { (_: HTTPResponse) throws(AnswerFault) in
            let paths = [responseCode, bareCode] + found
            var reader = JSONStreamReader(found: paths)
            do {
                try body.forEachPiece { try reader.push($0) }
                try reader.finish()
            } catch let fault as JSONFault {
                // XML or HTML in the place of JSON is some other server's, or an error's.
                let head = body.prefix(64 * 1024)
                if head.first(where: { $0 > 0x20 }) == UInt8(ascii: "<") || head.isEmpty { throw .error(head) }
                throw .unreadable(fault.description)
            } catch {
                throw .unusable(describe(error).description)
            }
            guard case .text(let code)? = reader[responseCode] else {
                // A refused sign-in was seen without the envelope.
                if reader[bareCode] != nil { throw .error(body.prefix(64 * 1024)) }
                throw .unreadable("The answer has no responseCode.")
            }
            guard code == "SUCCESS" else { throw .error(body.prefix(64 * 1024)) }
            var values: [JSONPath: JSONScalar] = [:]
            for path in found { values[path] = reader[path] }
            return QPSAnswer(body: body, values: values)
        }
    }
}

/// A page of a search.
package struct QPSPage: Sendable {
    package let answer: QPSAnswer

    /// The id after which the next page begins; nil on the last page.
    package let next: Int64?
}

extension QualysClient {
    /// Fetches one page of a search.
    ///
    /// - Parameter memory: Longer answers in bytes are kept in the scratch folder.
    /// - Throws: `QualysError`; `paging` when the page says that there is more and the ids do not grow.
    package func page(
        of search: QPSSearch,
        after id: Int64,
        scratch: String,
        memory: Int = SpooledBody.memory,
        _ context: CallContext
    ) async throws(QualysError) -> QPSPage {
        let call = search.call(after: id)
        let answer = try await send(call, context) {
            .qps(scratch: scratch, memory: memory, found: QPSAnswer.paging)
        }
        guard answer.hasMore else { return QPSPage(answer: answer, next: nil) }
        guard let next = answer.next, next > id else {
            throw QualysError(
                .paging,
                call: call.name,
                status: 200,
                message: "There are more records, but the page after id \(id) does not lead to them."
            )
        }
        return QPSPage(answer: answer, next: next)
    }

    /// Goes through all pages of a search.
    package func forEachPage(
        of search: QPSSearch,
        after id: Int64 = 0,
        scratch: String,
        _ context: CallContext,
        _ body: (QPSPage) async throws -> Void
    ) async throws {
        var after: Int64? = id
        while let id = after {
            let page = try await page(of: search, after: id, scratch: scratch, context)
            try await body(page)
            after = page.next
        }
    }
}

private let responseCode: JSONPath = "ServiceResponse.responseCode"
private let bareCode: JSONPath = "responseCode"
private let hasMoreRecords: JSONPath = "ServiceResponse.hasMoreRecords"
private let lastID: JSONPath = "ServiceResponse.lastId"
private let count: JSONPath = "ServiceResponse.count"
private let data: JSONPath = "ServiceResponse.data"
private let records: JSONPath = "ServiceResponse.data[]"
