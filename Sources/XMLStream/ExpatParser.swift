import CExpat
import Glibc

/// expat, which fills a list of events chunk by chunk.
///
/// No entity and no attribute of a document's own is taken, nothing is fetched for it, and what expat holds is bounded.
@usableFromInline final class ExpatParser {
    /// Together with its events this stays in the processor's cache.
    private static let pieceSize = 64 << 10

    private let parser: XML_Parser
    /// expat is given its address.
    private let events: UnsafeMutablePointer<XMLEvents>
    private let options: XMLOptions
    private var cleaner = XMLCleaner()
    private var fed = 0

    init(names: [String], wanted: [Bool], texts: XMLEvents.Texts, options: XMLOptions) {
        guard let parser = XML_ParserCreate(options.repairs ? "UTF-8" : nil) else {
            preconditionFailure("expat has no memory")
        }
        self.parser = parser
        self.options = options
        events = .allocate(capacity: 1)
        events.initialize(to: XMLEvents(names: names, wanted: wanted, texts: texts, options: options, parser: parser))
        XML_SetUserData(parser, events)
        setHandlers()
    }

    deinit {
        XML_ParserFree(parser)
        events.pointee.deallocate()
        events.deinitialize(count: 1)
        events.deallocate()
    }

    var removedControls: Int { cleaner.removed }
    var repairedPlaces: Int { cleaner.repaired }
    var cutTexts: Int { events.pointee.cutTexts }
    var skippedEntities: Int { events.pointee.skippedEntities }
    var rootName: String? { events.pointee.rootName }

    func name(_ id: UInt16) -> String { events.pointee.names.names[Int(id) - 1] }

    @usableFromInline var list: UnsafeBufferPointer<XMLEvent> {
        UnsafeBufferPointer(start: events.pointee.list, count: events.pointee.count)
    }

    @usableFromInline func text(_ event: XMLEvent) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: events.pointee.text.start + Int(event.start), count: Int(event.count))
    }

    @usableFromInline func attributes(_ event: XMLEvent) -> XMLAttributes {
        let start = events.pointee.attributes.start + Int(event.start)
        return XMLAttributes(UnsafeRawBufferPointer(start: start, count: Int(event.count)))
    }

    /// Takes the next bytes; calls `drain` whenever there are events to read, also those before a fault.
    @usableFromInline func push(_ chunk: UnsafeRawBufferPointer, _ drain: () throws -> Void) throws {
        guard options.repairs else { return try feed(chunk, drain) }
        try cleaner.clean(chunk) { try feed($0, drain) }
    }

    @usableFromInline func finish(_ drain: () throws -> Void) throws {
        try cleaner.finish { try feed($0, drain) }
        try feed(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, drain)
    }

    private func feed(_ chunk: UnsafeRawBufferPointer, _ drain: () throws -> Void) throws {
        var start = 0
        while start < chunk.count {
            let end = min(chunk.count, start + ExpatParser.pieceSize)
            try feed(UnsafeRawBufferPointer(rebasing: chunk[start..<end]), isLast: false, drain)
            start = end
        }
    }

    private func feed(_ piece: UnsafeRawBufferPointer, isLast: Bool, _ drain: () throws -> Void) throws {
        if let fault = events.pointee.fault { throw fault }
        let bytes = piece.baseAddress?.assumingMemoryBound(to: CChar.self)
        let status = XML_Parse(parser, bytes, Int32(piece.count), isLast ? 1 : 0)
        fed += piece.count
        if status != XML_STATUS_OK, events.pointee.fault == nil { events.pointee.fault = fault(isLast) }
        // What expat has not read yet is the beginning of a tag or a comment.
        if events.pointee.fault == nil, fed - Int(XML_GetCurrentByteIndex(parser)) > options.token {
            events.pointee.fault = .tokenTooLong(ceiling: options.token)
        }
        try drain()
        events.pointee.clear()
        if let fault = events.pointee.fault { throw fault }
    }

    private func fault(_ isLast: Bool) -> XMLFault {
        let code = XML_GetErrorCode(parser)
        switch code {
        case XML_ERROR_NO_ELEMENTS, XML_ERROR_UNCLOSED_TOKEN, XML_ERROR_PARTIAL_CHAR, XML_ERROR_UNCLOSED_CDATA_SECTION:
            if isLast { return .truncated }
        default: break
        }
        return .notWellFormed(
            line: Int(XML_GetCurrentLineNumber(parser)),
            column: Int(XML_GetCurrentColumnNumber(parser)) + 1,
            reason: XML_ErrorString(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        )
    }

    private func setHandlers() {
        XML_SetElementHandler(
            parser,
            { context, name, pairs in
                guard let name, let events = taking(context) else { return }
                if !events.pointee.begin(name, pairs) { events.pointee.stop() }
            },
            { context, _ in taking(context)?.pointee.end() }
        )
        XML_SetCharacterDataHandler(parser) { context, text, count in
            guard let text, let events = taking(context) else { return }
            if !events.pointee.append(text, Int(count)) { events.pointee.stop() }
        }
        XML_SetEntityDeclHandler(parser) { context, _, _, _, _, _, _, _, _ in
            taking(context)?.pointee.stop(.entityDeclared)
        }
        XML_SetAttlistDeclHandler(parser) { context, _, _, _, _, _ in
            taking(context)?.pointee.stop(.attributeDeclared)
        }
        if !options.allowsDocumentType {
            XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
                taking(context)?.pointee.stop(.documentType)
            }
        }
        // An entity that a document type elsewhere may declare. What stands there stays.
        XML_SetSkippedEntityHandler(parser) { context, name, isParameter in
            guard let name, isParameter == 0, let events = taking(context) else { return }
            events.pointee.skippedEntities += 1
            let isFine = "&\(String(cString: name));".withCString { events.pointee.append($0, strlen($0)) }
            if !isFine { events.pointee.stop() }
        }
    }
}

/// What the callbacks work on. Nil after a fault, when expat may still call on to the end of a tag.
@inline(__always)
private func taking(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<XMLEvents>? {
    guard let events = context?.assumingMemoryBound(to: XMLEvents.self), events.pointee.fault == nil else { return nil }
    return events
}

extension XMLEvents {
    fileprivate func stop() {
        XML_StopParser(parser, 0)
    }

    fileprivate mutating func stop(_ fault: XMLFault) {
        self.fault = fault
        stop()
    }
}
