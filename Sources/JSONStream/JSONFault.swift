import Support

/// A text that is not JSON (RFC 8259), or goes over a bound.
package enum JSONFault: Failure, Equatable {
    /// The text ended before its value did.
    case truncated
    /// The byte at this offset, counted from 0, cannot stand there.
    case invalid(offset: Int)
    /// Objects and arrays are nested deeper than this.
    case tooDeep(ceiling: Int)
    /// The value at this path has more bytes than that.
    case tooLong(JSONPath, ceiling: Int)

    package var label: String {
        switch self {
        case .truncated: "JSON.Truncated"
        case .invalid: "JSON.Invalid"
        case .tooDeep: "JSON.TooDeep"
        case .tooLong: "JSON.TooLong"
        }
    }

    package var description: String {
        switch self {
        case .truncated: "The JSON text ends before its value does."
        case .invalid(let offset): "The text is not JSON: byte \(offset) cannot stand there."
        case .tooDeep(let ceiling): "The JSON text is nested more than \(ceiling) deep."
        case .tooLong(let path, let ceiling): "The JSON value at \(path) has more than \(ceiling) bytes."
        }
    }
}
