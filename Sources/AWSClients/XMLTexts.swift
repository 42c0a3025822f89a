import CExpat

/// The texts of the elements of a small XML answer, by the name of the element; of several with one name, the first.
///
/// That is all that is needed of S3, SNS and STS. expat reads it: no entity is defined or fetched from outside, and the
/// answers were bounded before they came here.
struct XMLTexts {
    private let texts: [String: String]

    subscript(name: String) -> String? { texts[name] }

    /// Nil when the bytes are not well-formed XML, or declare a document type.
    init?(_ bytes: [UInt8]) {
        guard let parser = XML_ParserCreate(nil) else { return nil }
        defer { XML_ParserFree(parser) }
        let state = State(parser)
        let context = Unmanaged.passUnretained(state).toOpaque()
        XML_SetUserData(parser, context)
        XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            State.from(context)?.stop()
        }
        XML_SetElementHandler(
            parser,
            { context, name, _ in State.from(context)?.begin(name) },
            { context, _ in State.from(context)?.end() }
        )
        XML_SetCharacterDataHandler(parser) { context, text, count in
            State.from(context)?.append(text, count)
        }
        let status = bytes.withUnsafeBytes { bytes in
            XML_Parse(parser, bytes.bindMemory(to: CChar.self).baseAddress, Int32(clamping: bytes.count), 1)
        }
        guard status == XML_STATUS_OK, !state.texts.isEmpty else { return nil }
        texts = state.texts
    }

    private final class State {
        var texts: [String: String] = [:]
        private var open: [(name: String, text: [UInt8])] = []
        private let parser: XML_Parser

        init(_ parser: XML_Parser) {
            self.parser = parser
        }

        static func from(_ context: UnsafeMutableRawPointer?) -> State? {
            context.map { Unmanaged<State>.fromOpaque($0).takeUnretainedValue() }
        }

        func stop() {
            XML_StopParser(parser, 0)
        }

        func begin(_ name: UnsafePointer<CChar>?) {
            guard let name, open.count < 32 else { return stop() }
            open.append((name: String(cString: name), text: []))
        }

        func append(_ text: UnsafePointer<CChar>?, _ count: Int32) {
            guard let text, !open.isEmpty else { return }
            let bytes = UnsafeBufferPointer(start: text, count: Int(count)).lazy.map { UInt8(bitPattern: $0) }
            open[open.count - 1].text.append(contentsOf: bytes)
        }

        func end() {
            guard let element = open.popLast(), texts[element.name] == nil else { return }
            texts[element.name] = String(decoding: element.text, as: UTF8.self)
        }
    }
}
