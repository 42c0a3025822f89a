extension JSONRedactor {
    /// How far a string is read. Offsets are those of the text; lengths and places are of the string without escapes.
    struct StringProgress: Sendable {
        var isName = false
        /// What is read of a member's name, without escapes, when it is not in one piece: at most one byte more than
        /// the longest that is looked for.
        private(set) var name: [UInt8] = []

        /// The escape that is read, if one is.
        var escape: JSONEscape?
        /// The offset of its backslash, or of the one of the surrogate before it.
        var escapeStart: Int?

        var state: SecretAutomaton.State = 0
        /// Secrets that were found and are not settled, in order and apart from one another.
        var found: [Range<Int>] = []
        var lastRedactionEnd = -1

        /// A place in the string of which the offset is known. Up to the next one a byte is a byte.
        private struct Landmark {
            var place: Int
            var offset: Int
        }

        private var beginning = Landmark(place: 0, offset: 0)
        /// The ends of the escapes after it.
        private var escapes: [Landmark] = []

        mutating func begin(isName: Bool, at offset: Int) {
            self.isName = isName
            state = 0
            beginning = Landmark(place: 0, offset: offset)
            if !name.isEmpty { name.removeAll(keepingCapacity: true) }
            if !escapes.isEmpty { escapes.removeAll(keepingCapacity: true) }
        }

        /// The offset of the last `count` bytes of the string before `offset`.
        func beginning(ofLast count: Int, before offset: Int) -> Int {
            let last = escapes.last ?? beginning
            let place = last.place + (offset - last.offset) - count
            let landmark = escapes.last { $0.place <= place } ?? beginning
            return landmark.offset + (place - landmark.place)
        }

        /// Notes that `count` bytes of the string came from the escape from `start` to `end`.
        ///
        /// - Parameter reach: How many bytes back will be asked for at most.
        mutating func add(escapeOf count: Int, from start: Int, to end: Int, reach: Int) {
            let last = escapes.last ?? beginning
            let landmark = Landmark(place: last.place + (start - last.offset) + count, offset: end)
            if state == 0 {
                // No secret has begun: nothing before will be asked for.
                beginning = landmark
                if !escapes.isEmpty { escapes.removeAll(keepingCapacity: true) }
                return
            }
            escapes.append(landmark)
            if escapes.count > 2 * reach + 2,
                let first = escapes.lastIndex(where: { $0.place <= landmark.place - reach })
            {
                beginning = escapes[first]
                escapes.removeFirst(first + 1)
            }
        }

        mutating func note(_ secret: Range<Int>) {
            var secret = secret
            while let last = found.last, last.upperBound >= secret.lowerBound {
                secret = min(last.lowerBound, secret.lowerBound)..<secret.upperBound
                found.removeLast()
            }
            found.append(secret)
        }

        mutating func keep(name bytes: some Collection<UInt8>) {
            name.append(contentsOf: bytes.prefix(MemberReplacements.longestName + 1 - name.count))
        }
    }

    /// - Parameter index: The index of the opening quote.
    mutating func beginString(isName: Bool, at index: Int) {
        string.begin(isName: isName, at: base + index + 1)
        expected = .string
    }

    /// Goes through a string (RFC 8259 section 7) to its end or the chunk's.
    mutating func readString(
        _ chunk: UnsafeRawBufferPointer,
        from index: inout Int,
        into output: inout [UInt8]
    ) throws(Fault) {
        while index < chunk.count {
            if string.escape != nil {
                try readEscape(chunk[index], at: &index)
                continue
            }
            let first = index
            let stop = automaton.scan(chunk, from: &index, state: &string.state)
            if stop == .special, chunk[index] == UInt8(ascii: "\"") {
                endString(at: index, last: chunk[first..<index], chunk, &output)
                index += 1
                return
            }
            if string.isName { string.keep(name: chunk[first..<index]) }
            switch stop {
            case .end: return
            case .match: noteMatch(endingAt: base + index)
            case .special:
                switch chunk[index] {
                case UInt8(ascii: "\\"):
                    string.escape = JSONEscape()
                    string.escapeStart = base + index
                    index += 1
                default: throw .invalid(offset: base + index)
                }
            }
        }
    }

    private mutating func noteMatch(endingAt offset: Int) {
        guard hiddenAt == nil else { return }
        let length = automaton.matchLength(in: string.state)
        string.note(string.beginning(ofLast: length, before: offset)..<offset)
    }

    /// - Parameters:
    ///   - index: The index of the closing quote.
    ///   - last: What stands before it and is not kept yet.
    private mutating func endString(
        at index: Int,
        last: Slice<UnsafeRawBufferPointer>,
        _ chunk: UnsafeRawBufferPointer,
        _ output: inout [UInt8]
    ) {
        if !string.found.isEmpty { settle(upTo: base + index, chunk, &output) }
        guard string.isName else {
            valueEnds(at: index + 1, chunk, &output)
            return
        }
        expected = .colon
        guard hiddenAt == nil else { return }
        if string.name.isEmpty {
            replacement = replacements(last)
        } else {
            string.keep(name: last)
            replacement = replacements(string.name)
        }
    }

    private mutating func readEscape(_ byte: UInt8, at index: inout Int) throws(Fault) {
        guard var escape = string.escape, let start = string.escapeStart else { return }
        let offset = base + index
        var step = escape.take(byte)
        var first = start
        if case .loneThen(let unit) = step {
            first = start + JSONEscape.length
            finishEscape(JSONEscape.replacementCharacter, from: start, to: first)
            escape = JSONEscape()
            step = escape.take(unit: unit)
        }
        switch step {
        case .more:
            string.escape = escape
            string.escapeStart = first
        case .done(let text):
            finishEscape(text, from: first, to: offset + 1)
        case .lone:
            let end = start + JSONEscape.length
            finishEscape(JSONEscape.replacementCharacter, from: start, to: end)
            if offset > end {
                // The backslash after it began another escape.
                string.escape = JSONEscape()
                string.escapeStart = end
            }
            return
        case .loneThen, .invalid:
            throw .invalid(offset: offset)
        }
        index += 1
    }

    /// - Parameter text: What the escape stands for, in UTF-8.
    private mutating func finishEscape(_ text: [UInt8], from start: Int, to end: Int) {
        string.escape = nil
        string.escapeStart = nil
        if string.isName { string.keep(name: text) }
        guard automaton.longest > 0 else { return }
        for byte in text {
            automaton.advance(&string.state, by: byte)
        }
        string.add(escapeOf: text.count, from: start, to: end, reach: automaton.longest)
        if automaton.matchLength(in: string.state) > 0 { noteMatch(endingAt: end) }
    }
}
