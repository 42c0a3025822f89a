/// A value in a JSON text that has been read. It is valid within the call that it was given to, and must not be kept.
package struct JSONValue {
    private let tape: JSONTape
    private let index: Int

    init(_ tape: JSONTape, _ index: Int) {
        self.tape = tape
        self.index = index
    }

    private var node: JSONNode {
        @inline(__always) get { tape[index] }
    }

    package var kind: JSONKind { node.kind }

    package var isNull: Bool { node.kind == .null }

    /// The member of that name; nil when there is none, or this is no object. Of several the last, as Python's json has
    /// it.
    package subscript(name: String) -> JSONValue? {
        var name = name
        return name.withUTF8 { tape.member(of: index, $0) }.map { JSONValue(tape, $0) }
    }

    /// What an object has, in its order: names and values. Empty for all else.
    package var members: Members { Members(tape, node.kind == .object ? index : nil) }

    /// What an array has, in its order. Empty for all else.
    package var elements: Elements { Elements(tape, node.kind == .array ? index : nil) }

    /// The elements of an array; nil for all else.
    package var array: [JSONValue]? { kind == .array ? Array(elements) : nil }

    /// The text of a string. Half of a surrogate pair becomes U+FFFD.
    package var text: String? {
        let node = node
        return node.kind == .string ? JSONStream.text(of: tape.content(node), hasEscapes: node.hasEscapes) : nil
    }

    /// The text of a string, a number as it was written, `true` or `false`: Qualys writes some now so, now so.
    package var scalarText: String? { withScalarUTF8 { String(decoding: $0, as: UTF8.self) } }

    /// The whole number that it is, exactly.
    package var integer: Int64? {
        let node = node
        return node.kind == .number ? exactInteger(tape.content(node)) : nil
    }

    /// The nearest floating-point number.
    package var double: Double? {
        let node = node
        return node.kind == .number ? Double(String(decoding: tape.content(node), as: UTF8.self)) : nil
    }

    package var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Gives the UTF-8 of `text` to a closure, without a copy where the string has no escapes. Nil when it is no string.
    package func withUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        let node = node
        guard node.kind == .string else { return nil }
        let content = tape.content(node)
        guard node.hasEscapes else { return try body(UnsafeRawBufferPointer(content)) }
        // Taken away from the tape, so that a call within the call has one of its own.
        var scratch: [UInt8] = []
        swap(&scratch, &tape.scratch)
        defer { swap(&scratch, &tape.scratch) }
        scratch.removeAll(keepingCapacity: true)
        appendUnescaped(content, to: &scratch)
        return try scratch.withUnsafeBytes(body)
    }

    /// Gives the UTF-8 of `scalarText` to a closure. Nil for null, objects and arrays.
    package func withScalarUTF8<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        switch node.kind {
        case .string: try withUTF8(body)
        case .number, .true, .false: try body(UnsafeRawBufferPointer(tape.content(node)))
        case .null, .array, .object: nil
        }
    }

    /// Gives the value's bytes as they were written to a closure; those of a string are without its quotes.
    package func withRaw<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(tape.content(node)))
    }

    /// Whether the string has escapes in it.
    var hasEscapes: Bool { node.hasEscapes }
}

extension JSONValue {
    /// The members of an object.
    package struct Members: Sequence, IteratorProtocol {
        private let tape: JSONTape
        private var place: Int
        private let end: Int

        init(_ tape: JSONTape, _ index: Int?) {
            self.tape = tape
            place = (index ?? 0) + 1
            end = index.map { Int(tape[$0].end) } ?? 0
        }

        /// The next name, which is a string, and its value.
        package mutating func next() -> (name: JSONValue, value: JSONValue)? {
            guard place < end else { return nil }
            defer { place = Int(tape[place + 1].end) }
            return (JSONValue(tape, place), JSONValue(tape, place + 1))
        }
    }

    /// The elements of an array.
    package struct Elements: Sequence, IteratorProtocol {
        private let tape: JSONTape
        private var place: Int
        private let end: Int

        init(_ tape: JSONTape, _ index: Int?) {
            self.tape = tape
            place = (index ?? 0) + 1
            end = index.map { Int(tape[$0].end) } ?? 0
        }

        package mutating func next() -> JSONValue? {
            guard place < end else { return nil }
            defer { place = Int(tape[place].end) }
            return JSONValue(tape, place)
        }
    }
}

/// Nil when the number has a fraction or an exponent, or does not fit.
private func exactInteger(_ digits: UnsafeBufferPointer<UInt8>) -> Int64? {
    let isNegative = digits.first == UInt8(ascii: "-")
    var value: Int64 = 0
    for byte in digits.dropFirst(isNegative ? 1 : 0) {
        guard byte &- UInt8(ascii: "0") < 10 else { return nil }
        // Downwards: there is one more number below zero.
        let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
        let (sum, isUnder) = tens.subtractingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
        if isOver || isUnder { return nil }
        value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}
