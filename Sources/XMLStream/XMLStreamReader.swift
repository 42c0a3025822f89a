/// What a consumer of a document does with it. Elements that are not in `Element` are passed over, with what they hold
/// read as if it stood alone: `depth` tells an element of that name elsewhere.
package protocol XMLConsumer {
    /// The elements that are of interest. The raw values are their names.
    associatedtype Element: RawRepresentable, CaseIterable, Hashable where Element.RawValue == String

    /// The elements whose text is wanted.
    static var texts: Set<Element> { get }

    /// - Parameters:
    ///   - depth: How many elements it stands in, itself counted: 1 for the root.
    ///   - attributes: Valid within the call.
    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) throws

    /// - Parameter text: All text in the element, as UTF-8, that of elements in it too (XPath 1.0 section 5.2); empty when
    ///   it is not wanted. Valid within the call.
    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws
}

/// Reads an XML document of any length as its bytes come, however they are cut, in bounded memory.
///
/// What it kept up with before a fault has been given to the consumer by then.
///
///     let reader = XMLStreamReader(DetectionRows(), options: XMLOptions(repairs: true))
///     for chunk in answer { try reader.push(chunk) }
///     try reader.finish()
package final class XMLStreamReader<Consumer: XMLConsumer> {
    package var consumer: Consumer
    @usableFromInline let parser: ExpatParser
    @usableFromInline let elements: [Consumer.Element]

    package init(_ consumer: Consumer, options: XMLOptions = XMLOptions()) {
        self.consumer = consumer
        elements = Array(Consumer.Element.allCases)
        let texts = Consumer.texts
        parser = ExpatParser(
            names: elements.map(\.rawValue),
            wanted: elements.map { texts.contains($0) },
            texts: .wanted,
            options: options
        )
    }

    /// The name of the root element, when it has begun.
    package var rootName: String? { parser.rootName }

    /// Control characters that were taken out.
    package var removedControls: Int { parser.removedControls }

    /// Places that were no UTF-8, or no character of XML, and became U+FFFD.
    package var repairedPlaces: Int { parser.repairedPlaces }

    /// Texts that were cut.
    package var cutTexts: Int { parser.cutTexts }

    /// References to entities that nobody declared here, which stay as they were written.
    package var skippedEntities: Int { parser.skippedEntities }

    /// Takes the next bytes. Throws an `XMLFault`, and what the consumer throws; nothing may be read afterwards.
    @inlinable package func push(_ chunk: UnsafeRawBufferPointer) throws {
        try parser.push(chunk, drain)
    }

    @inlinable package func push(_ chunk: [UInt8]) throws {
        try chunk.withUnsafeBytes { try push($0) }
    }

    /// Has to be called at the end of the document: fails when it is not complete.
    @inlinable package func finish() throws {
        try parser.finish(drain)
    }

    @inlinable func drain() throws {
        try drain(into: &consumer)
    }

    // Inlined into the consumer's module, where the consumer's methods are known.
    @inlinable func drain(into consumer: inout Consumer) throws {
        for event in parser.list {
            let element = elements[Int(event.id) - 1]
            switch event.kind {
            case .start: try consumer.start(element, depth: Int(event.depth), parser.attributes(event))
            case .end, .text: try consumer.end(element, depth: Int(event.depth), parser.text(event))
            }
        }
    }
}
