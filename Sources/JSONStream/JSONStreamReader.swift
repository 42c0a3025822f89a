import Support

/// Reads a JSON text of any length (RFC 8259, with UTF-8 checked) as its bytes come, in one pass, however they are cut.
///
/// What it keeps is bounded: one item at a time, and the values that are asked for by their path. So it checks a
/// download that goes elsewhere, and reads a page item by item:
///
///     var reader = JSONStreamReader(items: "ServiceResponse.data[]", found: ["ServiceResponse.lastId"])
///     for chunk in page { try reader.push(chunk) { item in try load(item["Finding"]) } }
///     try reader.finish()
///     let next = reader["ServiceResponse.lastId"]?.text
package struct JSONStreamReader: ~Copyable {
    /// What no text may exceed.
    package struct Bounds: Sendable {
        /// The most bytes of one item. The memory for an item is up to nine times that, for one of digits and commas.
        package var item: Int
        /// The most bytes of a value that is found by its path.
        package var found: Int
        /// The most objects and arrays in one another.
        package var depth: Int

        package init(item: Int = 4 << 20, found: Int = 64 << 10, depth: Int = 512) {
            self.item = min(item, Int(Int32.max))
            self.found = found
            self.depth = depth
        }
    }

    /// What may come next.
    enum Phase: UInt8 {
        case value
        /// After `[`.
        case valueOrEnd
        /// After `{`.
        case nameOrEnd
        /// After a comma in an object.
        case name
        case colon
        /// After a value in an object or array.
        case commaOrEnd
        /// After the whole: white space only.
        case nothing
        /// The rest of what has begun.
        case string, number, literal
    }

    /// An object or array that is open.
    struct Level {
        var isObject: Bool
        /// Its place among the paths, or -1.
        var place: Int32
        /// In an item, its node on the tape.
        var node: Int32
        /// The index of the next element, when the place is known.
        var index = 0
    }

    /// What of the chunk is kept beyond it.
    enum Capture: UInt8 {
        case none, name, found, item
    }

    let bounds: Bounds
    let tree: JSONPathTree
    private let paths: [JSONPath]
    private let itemPath: JSONPath?
    var found: [JSONScalar?]
    private var failure: (any Error)?

    // Where we are in the grammar.
    var phase = Phase.value
    var levels: [Level] = []
    /// That of the innermost level, or of the whole text.
    var inObject = false
    /// The place of the innermost level; -1 when nothing in it is looked for.
    var place: Int32 = -1
    /// The place of the member whose name was read.
    var memberPlace: Int32 = -1
    var isName = false
    var hasEscapes = false
    /// 0, or what of an escape is to come: 5 for the letter, 4 to 1 for digits.
    var escapeLeft: UInt8 = 0
    var utf8 = UTF8Check()
    var number = NumberPart.zero
    /// The rest of `true`, `false` or `null`, the next byte lowest.
    var literal: UInt32 = 0

    // What is kept.
    let tape = JSONTape()
    var capture = Capture.none
    /// The index in the chunk of the first byte that is kept and not carried.
    var captureStart = 0
    /// What is added to an index in the chunk to have the offset in the item.
    var shift = 0
    /// The number of levels around the item.
    var itemDepth = 0
    var carried: [UInt8] = []
    var foundKind = JSONKind.null
    var slot = 0
    /// The offset of the chunk in the text.
    var base = 0

    /// - Parameters:
    ///   - items: The values that are given out one by one; nil for none. Nothing is found inside of them.
    ///   - found: The values that are kept. Of an object or array it is kept only that there is one.
    package init(items: JSONPath? = nil, found: [JSONPath] = [], bounds: Bounds = Bounds()) {
        self.bounds = bounds
        tree = JSONPathTree(items: items, found: found)
        paths = found
        itemPath = items
        self.found = Array(repeating: nil, count: found.count)
    }

    /// The value at one of the paths; nil when it did not come (yet). Of several the last, as Python's json has it.
    package subscript(path: JSONPath) -> JSONScalar? {
        paths.firstIndex(of: path).flatMap { found[$0] }
    }

    /// Takes the next bytes of the text, and gives each item that is complete to `item`, valid within the call.
    ///
    /// Throws a `JSONFault`, and what `item` throws; after that every call fails with it again.
    package mutating func push(
        _ chunk: UnsafeRawBufferPointer,
        item: (JSONValue) throws -> Void = { _ in }
    ) throws {
        if let failure { throw failure }
        do {
            let bytes = chunk.assumingMemoryBound(to: UInt8.self)
            try read(bytes, item)
            try carry(bytes)
            base += bytes.count
        } catch {
            failure = error
            throw error
        }
    }

    package mutating func push(_ chunk: [UInt8], item: (JSONValue) throws -> Void = { _ in }) throws {
        let result = chunk.withUnsafeBytes { bytes in Result { try push(bytes, item: item) } }
        try result.get()
    }

    /// Has to be called at the end of the text: fails when it is not complete.
    package mutating func finish(item: (JSONValue) throws -> Void = { _ in }) throws {
        if let failure { throw failure }
        if phase == .number, number.isComplete, levels.isEmpty {
            try valueEnds(UnsafeBufferPointer(start: nil, count: 0), at: 0, item)
        }
        guard phase == .nothing else { throw JSONFault.truncated }
    }

    /// Forgets the text and keeps the memory: for the next one.
    package mutating func reset() {
        failure = nil
        (phase, levels, inObject, place, memberPlace) = (.value, [], false, -1, -1)
        (escapeLeft, utf8, capture, base) = (0, UTF8Check(), .none, 0)
        for slot in found.indices { found[slot] = nil }
    }

    /// Keeps of a chunk what has begun in it.
    private mutating func carry(_ chunk: UnsafeBufferPointer<UInt8>) throws {
        guard capture != .none else { return }
        let rest = UnsafeBufferPointer(rebasing: chunk[captureStart...])
        captureStart = 0
        switch capture {
        case .none: break
        case .item:
            try checkItem(tape.byteCount + rest.count)
            tape.append(rest)
            shift = tape.byteCount
        case .found:
            try checkFound(carried.count + rest.count)
            carried.append(contentsOf: rest)
        case .name:
            carried.append(contentsOf: rest)
            // Too long to be one that is looked for, even if every byte of that were an escape.
            if carried.count > JSONStreamReader.longestName { capture = .none }
        }
    }

    static let longestName = 1024

    func checkItem(_ count: Int) throws {
        if count > bounds.item { throw JSONFault.tooLong(itemPath ?? "", ceiling: bounds.item) }
    }

    func checkFound(_ count: Int) throws {
        if count > bounds.found { throw JSONFault.tooLong(paths[slot], ceiling: bounds.found) }
    }
}

/// A value that was found by its path.
package enum JSONScalar: Sendable, Hashable {
    case text(String)
    /// As it was written: it may have more digits than any number type.
    case number(String)
    case bool(Bool)
    case null
    /// There is an object.
    case object
    /// There is an array.
    case array

    /// The text of a string, a number, or a truth (`true` or `false`): Qualys writes some now so, now so.
    package var text: String? {
        switch self {
        case .text(let text), .number(let text): text
        case .bool(let truth): truth ? "true" : "false"
        case .null, .object, .array: nil
        }
    }
}
