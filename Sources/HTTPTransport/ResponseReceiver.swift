import Support

/// Builds the answer of one request from header lines and pieces of body. It lives on the transport's thread.
final class ResponseReceiver {
    /// Of an answer that is no success this much is read; then it is cut, and its connection not used again. DynamoDB's
    /// refusal brings a row of up to 400 KB, more with escapes.
    static let readOfOthers = 1024 * 1024

    /// For all header lines of a transfer together, with interim answers and trailers.
    static let headerLimit = 64 * 1024

    /// What the server announced is reserved in one go up to this; a false announcement must cost nothing.
    private static let reserveLimit: Int64 = 8 * 1024 * 1024

    private let sink: HTTPBodySink
    private let onHead: (@Sendable (HTTPResponse) -> Void)?
    private let resume: @Sendable () -> Void
    private var response = HTTPResponse(status: 0)
    private var file: ResponseFile?
    private var headerBytes = 0
    private var bodyBytes: Int64 = 0
    private var hasAllHeaders = false

    /// - Parameters:
    ///   - onHead: Is told status and headers.
    ///   - resume: Lets the transfer go on that waits for the reader of a channel.
    init(
        _ sink: HTTPBodySink,
        onHead: (@Sendable (HTTPResponse) -> Void)?,
        resume: @escaping @Sendable () -> Void
    ) {
        self.sink = sink
        self.onHead = onHead
        self.resume = resume
    }

    enum Taken {
        case all
        /// Nothing of the piece; it has to be given again when the transfer goes on.
        case nothing
        /// No more is wanted.
        case enough
    }

    /// Whether nothing of an answer has come yet.
    var isUntouched: Bool { headerBytes == 0 }

    /// Takes one header line with its line end: the status line, a field, the empty line, or a trailer.
    func takeHeader(_ line: UnsafeRawBufferPointer) throws(TransferFault) {
        headerBytes += line.count
        if headerBytes > ResponseReceiver.headerLimit {
            throw TransferFault(.tooLarge, "the headers are longer than \(ResponseReceiver.headerLimit) bytes")
        }
        // Trailers say nothing that is needed here, and must not pass for headers (RFC 9110 section 6.5.1).
        if hasAllHeaders { return }

        var text = line[...]
        while let last = text.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { text.removeLast() }
        if text.starts(with: "HTTP/".utf8) {
            // An interim answer (1xx) may have come before.
            let status = text.drop { $0 != UInt8(ascii: " ") }.dropFirst().prefix(3)
            response = HTTPResponse(status: Int(String(decoding: status, as: UTF8.self)) ?? 0)
        } else if text.isEmpty {
            if response.status >= 200 { try begin() }
        } else {
            response.headers.add(line: text)
        }
    }

    /// Takes a piece of the body. `announced` is the length that the server gave for the whole of it, if it did, and the
    /// body is not compressed.
    func takeBody(_ piece: UnsafeRawBufferPointer, announced: Int64?) throws(TransferFault) -> Taken {
        let isFirst = bodyBytes == 0
        bodyBytes += Int64(piece.count)
        guard response.isSuccess else {
            response.body.append(contentsOf: piece.prefix(ResponseReceiver.readOfOthers - response.body.count))
            return bodyBytes <= ResponseReceiver.readOfOthers ? .all : .enough
        }
        switch sink {
        case .collect(let limit):
            try check(limit: Int64(limit), announced: announced)
            if isFirst, let announced {
                response.body.reserveCapacity(Int(min(announced, ResponseReceiver.reserveLimit)))
            }
            response.body.append(contentsOf: piece)
        case .file(_, let limit):
            try check(limit: limit, announced: announced)
            try file?.append(piece)
        case .stream(let take):
            do {
                try take(piece)
            } catch {
                throw TransferFault(.sink, "the closure for the body failed: \(describe(error).description)")
            }
        case .channel(let channel):
            do {
                if try !channel.offer(piece, resume: resume) {
                    bodyBytes -= Int64(piece.count)
                    return .nothing
                }
            } catch {
                throw TransferFault(.sink, error.description)
            }
        }
        return .all
    }

    /// The answer, once all of it is here.
    func finish() throws(TransferFault) -> HTTPResponse {
        // libcurl takes half a head for a whole one when the connection ends there.
        guard hasAllHeaders else { throw TransferFault(.dropped, "the connection ended within the headers") }
        try file?.keep()
        return response
    }

    /// Removes what was begun.
    func discard() {
        file?.discard()
    }

    /// The headers are complete: only now is it known whether the sink is for this answer.
    private func begin() throws(TransferFault) {
        hasAllHeaders = true
        onHead?(response)
        if response.isSuccess, case .file(let path, _) = sink { file = try ResponseFile(path: path) }
    }

    private func check(limit: Int64, announced: Int64?) throws(TransferFault) {
        if max(bodyBytes, announced ?? 0) > limit {
            throw TransferFault(.tooLarge, "the body is longer than \(limit) bytes")
        }
    }
}

extension HTTPHeaders {
    /// Adds the field of a line. What has no colon is passed over; a line that begins with a blank continues the value
    /// before it (RFC 9112 section 5.2).
    fileprivate mutating func add(line: Slice<UnsafeRawBufferPointer>) {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        if line.first.map(isBlank) == true {
            continueLast(with: String(decoding: line.drop(while: isBlank), as: UTF8.self))
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        add(String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
