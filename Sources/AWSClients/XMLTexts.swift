import XMLStream

/// The texts of the elements of a small XML answer, by the name of the element; of several with one name, the first to
/// end.
///
/// That is all that is needed of S3, SNS and STS, whose answers were bounded before they came here.
struct XMLTexts {
    private var texts: [String: String] = [:]

    subscript(name: String) -> String? { texts[name] }

    /// Nil when the bytes are not well-formed XML, or declare a document type.
    init?(_ bytes: [UInt8]) {
        let options = XMLOptions(depth: 32, allowsDocumentType: false)
        guard let root = try? XMLElement.parse(bytes, options: options) else { return nil }
        collect(root)
    }

    private mutating func collect(_ element: XMLElement) {
        for child in element.children { collect(child) }
        if texts[element.name] == nil { texts[element.name] = element.text }
    }
}
