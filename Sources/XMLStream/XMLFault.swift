import Support

/// A document that is not XML 1.0, or is refused.
package enum XMLFault: Failure, Equatable {
    /// - Parameter reason: What expat says: a text without anything of the document.
    case notWellFormed(line: Int, column: Int, reason: String)
    /// The document ended before its root element did, or was empty.
    case truncated
    /// It declares an entity. A few of them can stand for gigabytes, or for a file of this machine.
    case entityDeclared
    /// It declares attributes, whose values could stand in every element without being there.
    case attributeDeclared
    /// It declares a document type where none was expected.
    case documentType
    case tooDeep(ceiling: Int)
    /// The text of this element, or the record of that name, has more bytes.
    case tooLong(element: String, ceiling: Int)
    /// A name has more bytes.
    case nameTooLong(ceiling: Int)
    /// It has more names of elements, each counted once.
    case tooManyNames(ceiling: Int)
    /// A tag or a comment has more bytes.
    case tokenTooLong(ceiling: Int)

    package var label: String {
        switch self {
        case .notWellFormed: "XML.Invalid"
        case .truncated: "XML.Truncated"
        case .entityDeclared, .attributeDeclared, .documentType: "XML.Refused"
        case .tooDeep: "XML.TooDeep"
        case .tooLong, .nameTooLong, .tooManyNames, .tokenTooLong: "XML.TooLong"
        }
    }

    package var description: String {
        switch self {
        case .notWellFormed(let line, let column, let reason):
            "The document is not XML: \(reason) in line \(line), column \(column)."
        case .truncated: "The XML document ends before its root element does."
        case .entityDeclared: "The XML document declares entities, which is refused."
        case .attributeDeclared: "The XML document declares attributes, which is refused."
        case .documentType: "The XML document declares a document type, which is refused."
        case .tooDeep(let ceiling): "The XML elements are nested more than \(ceiling) deep."
        case .tooLong(let element, let ceiling): "The XML element \(element) has more than \(ceiling) bytes."
        case .nameTooLong(let ceiling): "A name in the XML document has more than \(ceiling) bytes."
        case .tooManyNames(let ceiling): "The XML document has more than \(ceiling) names of elements."
        case .tokenTooLong(let ceiling): "A tag or comment in the XML document has more than \(ceiling) bytes."
        }
    }
}
