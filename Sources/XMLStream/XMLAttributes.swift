/// The attributes of an element. They are valid within the call that they were given to.
@usableFromInline package struct XMLAttributes {
    /// Names and values in turns, each with a zero byte behind it.
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The value of the attribute of that name.
    package subscript(name: String) -> String? {
        var index = bytes.startIndex
        while let pair = next(from: &index) {
            if bytes[pair.name].elementsEqual(name.utf8) { return text(pair.value) }
        }
        return nil
    }

    /// All of them, in their order.
    package var all: [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        var index = bytes.startIndex
        while let pair = next(from: &index) { all.append((text(pair.name), text(pair.value))) }
        return all
    }

    private func next(from index: inout Int) -> (name: Range<Int>, value: Range<Int>)? {
        guard let nameEnd = bytes[index...].firstIndex(of: 0),
            let valueEnd = bytes[(nameEnd + 1)...].firstIndex(of: 0)
        else { return nil }
        defer { index = valueEnd + 1 }
        return (index..<nameEnd, (nameEnd + 1)..<valueEnd)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
