import Support

extension JSONStreamReader {
    @inline(__always)
    mutating func beginString(isName: Bool, at index: Int) {
        self.isName = isName
        hasEscapes = false
        phase = .string
    }

    /// Goes on in a string; true when it is closed, and `index` is behind the quote.
    @inline(__always)
    mutating func readString(_ chunk: UnsafeBufferPointer<UInt8>, from index: inout Int) throws -> Bool {
        while index < chunk.count {
            if escapeLeft > 0 {
                try readEscape(chunk[index], at: index)
                index += 1
                continue
            }
            if utf8.left == 0 { index = chunk.endOfPlainText(from: index) }
            guard index < chunk.count else { return false }
            let byte = chunk[index]
            if byte >= 0x80 || utf8.left > 0 {
                guard utf8.take(byte) else { throw invalid(index) }
            } else if byte == UInt8(ascii: "\"") {
                index += 1
                return true
            } else if byte == UInt8(ascii: "\\") {
                escapeLeft = 5
                hasEscapes = true
            } else {
                // A control character.
                throw invalid(index)
            }
            index += 1
        }
        return false
    }

    /// RFC 8259 section 7. That a surrogate has its other half is not asked for.
    private mutating func readEscape(_ byte: UInt8, at index: Int) throws {
        if escapeLeft < 5 {
            guard hexDigit(byte) != nil else { throw invalid(index) }
            escapeLeft -= 1
        } else if byte == UInt8(ascii: "u") {
            escapeLeft = 4
        } else {
            guard shortEscape(byte) != nil else { throw invalid(index) }
            escapeLeft = 0
        }
    }

    /// - Parameter index: The index behind the quote.
    mutating func stringEnds(
        _ chunk: UnsafeBufferPointer<UInt8>,
        at index: Int,
        _ item: (JSONValue) throws -> Void
    ) throws {
        guard isName else { return try valueEnds(chunk, at: index, item) }
        if capture == .item {
            tape.close(tape.nodeCount - 1, at: index - 1 + shift, hasEscapes: hasEscapes)
        } else if place >= 0 {
            memberPlace = placeOfName(chunk, at: index - 1)
        }
        phase = .colon
    }

    /// - Parameter end: The index of the quote.
    private mutating func placeOfName(_ chunk: UnsafeBufferPointer<UInt8>, at end: Int) -> Int32 {
        guard capture == .name else { return -1 }
        capture = .none
        let (tree, outer, hasEscapes) = (tree, Int(place), hasEscapes)
        let member = withKept(chunk, upTo: end) { name in
            if !hasEscapes { return tree.member(of: outer, name) }
            var plain: [UInt8] = []
            appendUnescaped(name, to: &plain)
            return plain.withUnsafeBufferPointer { tree.member(of: outer, $0) }
        }
        return member.map { Int32($0) } ?? -1
    }

    mutating func keepFound(_ chunk: UnsafeBufferPointer<UInt8>, at end: Int) throws {
        capture = .none
        try checkFound(carried.count + end - captureStart)
        let hasEscapes = hasEscapes
        found[slot] =
            switch foundKind {
            case .string: .text(withKept(chunk, upTo: end) { text(of: $0, hasEscapes: hasEscapes) })
            case .number: .number(withKept(chunk, upTo: end) { String(decoding: $0, as: UTF8.self) })
            case .true: .bool(true)
            case .false: .bool(false)
            case .null, .array, .object: .null
            }
    }

    /// What is carried from earlier chunks, and this one up to `end`.
    private mutating func withKept<Result>(
        _ chunk: UnsafeBufferPointer<UInt8>,
        upTo end: Int,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let rest = UnsafeBufferPointer(rebasing: chunk[captureStart..<end])
        if carried.isEmpty { return body(rest) }
        carried.append(contentsOf: rest)
        return carried.withUnsafeBufferPointer(body)
    }

    /// Goes on in a number; true when it is over, and `index` is behind it.
    @inline(__always)
    mutating func readNumber(_ chunk: UnsafeBufferPointer<UInt8>, from index: inout Int) -> Bool {
        var part = number
        defer { number = part }
        while index < chunk.count {
            guard part.take(chunk[index]) else { return true }
            index += 1
        }
        return false
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The index of the next byte that is special in a string: a quote, a backslash, a control character, or a part of a
    /// character outside of ASCII. Eight bytes are looked at together (H. Warren, "Hacker's Delight", section 6-1).
    @inline(__always)
    func endOfPlainText(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let bytes = UnsafeRawBufferPointer(self)
        var index = start
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quote = (word ^ ones &* 0x22) &- ones
            let backslash = (word ^ ones &* 0x5C) &- ones
            let control = word &- ones &* 0x20
            // A borrow marks only bytes above one that is marked rightly.
            let special = (quote | backslash | control | word) & (ones &* 0x80)
            if special != 0 { return index &+ special.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index &+= 1
        }
        return index
    }
}

/// How far a number is read (RFC 8259 section 6).
///
///     [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ "e" [ "+" / "-" ] 1*digit ]
enum NumberPart: UInt8 {
    case minus, zero, integer, point, fraction, e, sign, exponent

    init?(first byte: UInt8) {
        switch byte {
        case UInt8(ascii: "-"): self = .minus
        case UInt8(ascii: "0"): self = .zero
        case UInt8(ascii: "1")...UInt8(ascii: "9"): self = .integer
        default: return nil
        }
    }

    var isComplete: Bool {
        switch self {
        case .zero, .integer, .fraction, .exponent: true
        case .minus, .point, .e, .sign: false
        }
    }

    /// Takes the next byte; false when it does not belong to the number.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        let isDigit = byte &- UInt8(ascii: "0") < 10
        switch self {
        case .integer where isDigit, .fraction where isDigit, .exponent where isDigit: break
        case .minus where isDigit: self = byte == UInt8(ascii: "0") ? .zero : .integer
        case .point where isDigit: self = .fraction
        case .e where isDigit, .sign where isDigit: self = .exponent
        case .zero where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."): self = .point
        case .zero where byte | 0x20 == UInt8(ascii: "e"), .integer where byte | 0x20 == UInt8(ascii: "e"),
            .fraction where byte | 0x20 == UInt8(ascii: "e"):
            self = .e
        case .e where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): self = .sign
        default: return false
        }
        return true
    }
}
