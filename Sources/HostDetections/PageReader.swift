import Compression
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

    /// Texts that are cut in the rows.
    let cuts: Int
}

/// Reads one answer as it comes: to a file, and through the parser to rows. A new one is made for each attempt.
///
/// An answer that came compressed is stored as it was sent, and is not compressed again.
///
/// It belongs to the task that reads; the judge of the answer looks at it when that has ended.
final class PageReader<Consumer: PageConsumer>: @unchecked Sendable {
    private let channel: HTTPBodyChannel
    private let raw: ScratchFile?
    private let rows: [RowFile]
    private let reader: XMLStreamReader<Consumer>
    /// There when the answer is compressed.
    private var gzip: GzipReader?
    private var isBegun = false
    private var head: [UInt8] = []
    private var byteCount: Int64 = 0
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
            failure = .unkept(describe(error).description)
        }
        reader = XMLStreamReader(consumer(), options: .hosts)
    }

    var receiver: AnswerReceiver<ReadPage> {
        AnswerReceiver(
            sink: .channel(channel),
            compression: .asSent,
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
            do {
                try buffer.withUnsafeBytes(take)
            } catch {
                failure = fault(error)
                // What is on its way still comes, and the end.
                channel.refuse()
            }
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        if !isBegun, bytes.first == GzipReader.magic.first { gzip = GzipReader(limit: Self.longestAnswer) }
        isBegun = true
        guard let gzip else {
            try raw?.append(bytes)
            return try parse(bytes)
        }
        let isKept = raw?.gzips ?? false
        if isKept { try raw?.append(gzip: bytes) }
        try gzip.read(bytes) { piece in
            if !isKept { try raw?.append(piece) }
            try parse(piece)
        }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) throws {
        byteCount += Int64(bytes.count)
        if head.count < Self.headSize { head.append(contentsOf: bytes.prefix(Self.headSize - head.count)) }
        try reader.push(bytes)
    }

    private static var headSize: Int { 64 << 10 }

    /// A few megabytes of gzip can hold more than anybody would wait for.
    private static var longestAnswer: Int64 { 64 << 30 }

    private func finish() throws(AnswerFault) -> ReadPage {
        if let failure { throw failure }
        do {
            try gzip?.finish()
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
            throw .unkept(describe(error).description)
        }
        return ReadPage(
            facts: reader.consumer.facts,
            byteCount: byteCount,
            repairs: reader.removedControls + reader.repairedPlaces,
            cuts: reader.cutTexts
        )
    }

    /// What a failure in the middle means: another kind of answer, one that was cut, or one that is refused.
    private func fault(_ error: any Error) -> AnswerFault {
        if let error = error as? GzipFault, error == .corrupt || error == .truncated {
            return .unreadable(error.description)
        }
        if let error = error as? FileFault { return .unkept(error.description) }
        guard let error = error as? XMLFault else { return .unusable(describe(error).description) }
        switch error {
        case .notWellFormed, .truncated:
            let isProper = reader.rootName.map { Consumer.roots.contains($0) } ?? false
            // An error page is seldom well-formed, and its text is the better reason.
            if !isProper, !head.isEmpty { return .error(head) }
            return .unreadable(error.description)
        case .entityDeclared, .attributeDeclared, .documentType, .tooDeep, .tooLong, .nameTooLong, .tooManyNames,
            .tokenTooLong:
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

    init(_ form: RowText.Form, path: String) {
        file = ScratchFile(path: path, gzips: true)
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
