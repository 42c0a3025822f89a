import Files
import HTTPTransport
import QualysAPI
import Support
import XMLStream

/// A page that has come whole and is what was asked for.
struct ReadPage: Sendable {
    let facts: PageFacts
    let byteCount: Int64

    /// What was not as XML has it, and was repaired for the rows; the raw page has it as it came.
    let repairs: Int
}

/// Reads one answer as it comes: to a file, and through the parser to rows. A new one is made for each attempt.
///
/// It belongs to the task that reads; the judge of the answer looks at it when that has ended.
final class PageReader<Consumer: PageConsumer>: @unchecked Sendable {
    private let channel: HTTPBodyChannel
    private let raw: ScratchFile?
    private let rows: [RowFile]
    private let reader: XMLStreamReader<Consumer>
    private var head: [UInt8] = []
    private var failure: AnswerFault?

    /// - Parameters:
    ///   - raw: Takes the bytes as they come.
    ///   - rows: What the consumer writes into.
    ///   - consumer: Is made when the files are ready.
    ///   - buffer: Bytes that may wait for the parser: while they do, the call's turn is over sooner.
    init(buffer: Int = 256 << 10, raw: ScratchFile? = nil, rows: [RowFile] = [], _ consumer: () -> Consumer) {
        channel = HTTPBodyChannel(limit: buffer)
        self.raw = raw
        self.rows = rows
        do {
            try raw?.takeBack()
            for file in rows { try file.begin() }
        } catch {
            failure = .unusable(describe(error).description)
        }
        reader = XMLStreamReader(consumer(), options: XMLOptions(text: 8 << 20, repairs: true))
    }

    var receiver: AnswerReceiver<ReadPage> {
        AnswerReceiver(
            sink: .channel(channel),
            read: { [self] in await read() },
            fault: { [self] in failure },
            finish: { [self] (_: HTTPResponse) throws(AnswerFault) in try finish() }
        )
    }

    private func read() async {
        if failure != nil { channel.refuse() }
        var buffer: [UInt8] = []
        while await channel.next(&buffer) {
            guard failure == nil else { continue }
            if head.count < Self.headSize { head.append(contentsOf: buffer.prefix(Self.headSize - head.count)) }
            do {
                try buffer.withUnsafeBytes { bytes in
                    try raw?.append(bytes)
                    try reader.push(bytes)
                }
            } catch {
                failure = fault(error)
                // What is on its way still comes, and the end.
                channel.refuse()
            }
        }
    }

    private static var headSize: Int { 64 << 10 }

    private func finish() throws(AnswerFault) -> ReadPage {
        if let failure { throw failure }
        do {
            try reader.finish()
        } catch {
            throw fault(error)
        }
        guard let root = reader.rootName, Consumer.roots.contains(root) else { throw .error(head) }
        if reader.consumer.isRefusal { throw .error(head) }
        do {
            try raw?.keep()
            for file in rows { try file.keep() }
        } catch {
            throw .unusable(describe(error).description)
        }
        return ReadPage(
            facts: reader.consumer.facts,
            byteCount: channel.byteCount,
            repairs: reader.removedControls + reader.repairedPlaces
        )
    }

    /// What a failure in the middle means: another kind of answer, one that was cut, or one that is refused.
    private func fault(_ error: any Error) -> AnswerFault {
        guard let error = error as? XMLFault else { return .unusable(describe(error).description) }
        switch error {
        case .notWellFormed, .truncated:
            let isProper = reader.rootName.map { Consumer.roots.contains($0) } ?? false
            // An error page is seldom well-formed, and its text is the better reason.
            if !isProper, !head.isEmpty { return .error(head) }
            return .unreadable(error.description)
        case .entityDeclared, .documentType, .tooDeep, .tooLong, .nameTooLong, .tooManyNames, .tokenTooLong:
            return .unusable(error.description)
        }
    }
}

/// Rows of one form on their way into a file.
///
/// Sendable because its users take turns: the attempts at one batch, one after the other.
final class RowFile: @unchecked Sendable {
    let file: ScratchFile
    private let form: RowText.Form
    private var text: RowText?
    private var isBegun = false

    init(_ form: RowText.Form, path: String) throws(FileFault) {
        file = try ScratchFile(path: path, gzips: true)
        self.form = form
    }

    /// Takes the rows of the attempt that has begun.
    var sink: (any DetectionSink)? { text }

    /// Before each attempt: nothing of the one before stays.
    func begin() throws {
        try file.takeBack()
        text = RowText(form) { [file] in try file.append($0) }
        if !isBegun { try form.head.withUnsafeBytes { try file.append($0) } }
    }

    func keep() throws {
        try text?.flush()
        text = nil
        try file.keep()
        isBegun = true
    }
}
