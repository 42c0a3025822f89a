/// Reads whole JSON texts that are in memory, one after the other, with the same memory.
package struct JSONParser: ~Copyable {
    private var reader: JSONStreamReader

    /// - Parameters:
    ///   - ceiling: The most bytes of a text.
    ///   - depth: The most objects and arrays in one another.
    package init(ceiling: Int = 4 << 20, depth: Int = 512) {
        reader = JSONStreamReader(items: "", bounds: JSONStreamReader.Bounds(item: ceiling, depth: depth))
    }

    /// Gives the value of a text to a closure, within which it is valid. Throws a `JSONFault`, and what `body` throws.
    package mutating func parse<Result>(
        _ text: UnsafeRawBufferPointer,
        _ body: (JSONValue) throws -> Result
    ) throws -> Result {
        reader.reset()
        try reader.push(text)
        try reader.finish()
        return try body(JSONValue(reader.tape, 0))
    }

    package mutating func parse<Result>(_ text: [UInt8], _ body: (JSONValue) throws -> Result) throws -> Result {
        let result = text.withUnsafeBytes { bytes in Swift.Result { try parse(bytes, body) } }
        return try result.get()
    }
}
