extension JSONStreamReader {
    /// Goes through a chunk by the grammar of RFC 8259 section 2.
    mutating func read(_ chunk: UnsafeBufferPointer<UInt8>, _ item: (JSONValue) throws -> Void) throws {
        var index = 0
        while index < chunk.count {
            switch phase {
            case .string:
                if try readString(chunk, from: &index) { try stringEnds(chunk, at: index, item) }
            case .number:
                if readNumber(chunk, from: &index) {
                    guard number.isComplete else { throw invalid(index) }
                    // The byte belongs to what follows.
                    try valueEnds(chunk, at: index, item)
                }
            case .literal:
                guard literal & 0xFF == chunk[index] else { throw invalid(index) }
                literal >>= 8
                index += 1
                if literal == 0 { try valueEnds(chunk, at: index, item) }
            default:
                let byte = chunk[index]
                if byte > 0x20 {
                    try readToken(byte, chunk, at: index, item)
                } else if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 {
                    throw invalid(index)
                }
                index += 1
            }
        }
    }

    func invalid(_ index: Int) -> JSONFault { .invalid(offset: base + index) }

    @inline(__always)
    private mutating func readToken(
        _ byte: UInt8,
        _ chunk: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ item: (JSONValue) throws -> Void
    ) throws {
        switch phase {
        case .colon:
            guard byte == UInt8(ascii: ":") else { throw invalid(index) }
            phase = .value
        case .commaOrEnd:
            if byte == UInt8(ascii: ",") {
                phase = inObject ? .name : .value
            } else {
                try close(byte, chunk, at: index, item)
            }
        case .name:
            guard byte == UInt8(ascii: "\"") else { throw invalid(index) }
            beginName(at: index)
        case .nameOrEnd:
            if byte == UInt8(ascii: "\"") {
                beginName(at: index)
            } else {
                try close(byte, chunk, at: index, item)
            }
        case .valueOrEnd where byte == UInt8(ascii: "]"):
            try close(byte, chunk, at: index, item)
        case .value, .valueOrEnd:
            try beginValue(byte, at: index)
        default:
            throw invalid(index)
        }
    }

    @inline(__always)
    private mutating func beginName(at index: Int) {
        beginString(isName: true, at: index)
        if capture == .item {
            tape.append(.string, at: index + 1 + shift)
        } else if place >= 0 {
            begin(.name, at: index + 1)
        }
    }

    private mutating func beginValue(_ byte: UInt8, at index: Int) throws {
        var valuePlace: Int32 = -1
        if capture != .item {
            valuePlace = nextPlace()
            if valuePlace >= 0, tree.places[Int(valuePlace)].isItem {
                tape.clear()
                capture = .item
                captureStart = index
                shift = -index
                itemDepth = levels.count
            }
        }
        let kind: JSONKind
        switch byte {
        case UInt8(ascii: "\""):
            kind = .string
            beginString(isName: false, at: index)
        case UInt8(ascii: "{"): kind = .object
        case UInt8(ascii: "["): kind = .array
        case UInt8(ascii: "t"): kind = .true
        case UInt8(ascii: "f"): kind = .false
        case UInt8(ascii: "n"): kind = .null
        default:
            guard let part = NumberPart(first: byte) else { throw invalid(index) }
            kind = .number
            number = part
            phase = .number
        }
        var node = -1
        if capture == .item {
            node = tape.append(kind, at: (kind == .string ? index + 1 : index) + shift)
        } else if valuePlace >= 0, let slot = tree.places[Int(valuePlace)].slot {
            self.slot = slot
            foundKind = kind
            begin(.found, at: kind == .string ? index + 1 : index)
        }
        switch kind {
        case .object, .array: try open(isObject: kind == .object, valuePlace, node)
        case .true: begin(literal: 0x65_75_72)
        case .false: begin(literal: 0x65_73_6C_61)
        case .null: begin(literal: 0x6C_6C_75)
        case .string, .number: break
        }
    }

    /// The rest of the word; the next byte is the lowest.
    private mutating func begin(literal rest: UInt32) {
        literal = rest
        phase = .literal
    }

    private mutating func begin(_ capture: Capture, at index: Int) {
        self.capture = capture
        captureStart = index
        carried.removeAll(keepingCapacity: true)
    }

    /// The place of the value that begins.
    private mutating func nextPlace() -> Int32 {
        if levels.isEmpty { return 0 }
        guard place >= 0 else { return -1 }
        if inObject { return memberPlace }
        let index = levels[levels.count - 1].index
        levels[levels.count - 1].index += 1
        return tree.element(of: Int(place), index).map { Int32($0) } ?? -1
    }

    private mutating func open(isObject: Bool, _ place: Int32, _ node: Int) throws {
        guard levels.count < bounds.depth else { throw JSONFault.tooDeep(ceiling: bounds.depth) }
        if capture == .found {
            found[slot] = isObject ? .object : .array
            capture = .none
        }
        levels.append(Level(isObject: isObject, place: place, node: Int32(truncatingIfNeeded: node)))
        inObject = isObject
        self.place = place
        phase = isObject ? .nameOrEnd : .valueOrEnd
    }

    private mutating func close(
        _ byte: UInt8,
        _ chunk: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ item: (JSONValue) throws -> Void
    ) throws {
        guard byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")), let level = levels.popLast() else {
            throw invalid(index)
        }
        let outer = levels.last
        inObject = outer?.isObject ?? false
        place = outer?.place ?? -1
        if capture == .item { tape.close(Int(level.node), at: index + 1 + shift) }
        try afterValue(chunk, at: index + 1, item)
    }

    /// A string, number or word ends; `index` is that after its last byte, the closing quote included.
    mutating func valueEnds(
        _ chunk: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ item: (JSONValue) throws -> Void
    ) throws {
        if capture == .item {
            let end = phase == .string ? index - 1 : index
            tape.close(tape.nodeCount - 1, at: end + shift, hasEscapes: phase == .string && hasEscapes)
        } else if capture == .found {
            try keepFound(chunk, at: phase == .string ? index - 1 : index)
        }
        try afterValue(chunk, at: index, item)
    }

    @inline(__always)
    private mutating func afterValue(
        _ chunk: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ item: (JSONValue) throws -> Void
    ) throws {
        phase = levels.isEmpty ? .nothing : .commaOrEnd
        guard capture == .item, levels.count == itemDepth else { return }
        capture = .none
        try checkItem(tape.byteCount + index - captureStart)
        tape.append(UnsafeBufferPointer(rebasing: chunk[captureStart..<index]))
        try item(JSONValue(tape, 0))
    }
}
