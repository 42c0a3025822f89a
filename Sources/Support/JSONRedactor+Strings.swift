extension JSONRedactor {
    /// How far a string is read. Offsets are those of the text; lengths and places are of the string without escapes.
    struct StringProgress: Sendable {
        var isName = false
        /// The beginning of a member's name, without escapes: one byte more than the longest that is looked for.
        var name: [UInt8] = []

        /// The escape that is read, if one is.
        var escape: JSONEscape?
        /// The offset of its backslash, or of the one of the surrogate before it.
        var escapeStart: Int?

        var state: SecretAutomaton.State = 0
        /// Secrets that were found and are not settled, in order and apart from one another.
        var found: [Range<Int>] = []
        var lastRedactionEnd = -1

        /// Places in the string of which the offset is known: its beginning and the ends of escapes. Between two of
        /// them a byte is a byte.
        private var landmarks: [(place: Int, offset: Int)] = []

        mutating func begin(isName: Bool, at offset: Int) {
            self.isName = isName
            name.removeAll(keepingCapacity: true)
            state = 0
            landmarks.removeAll(keepingCapacity: true)
            landmarks.append((0, offset))
        }

        /// The offset of the last `count` bytes of the string before `offset`.
        func beginning(ofLast count: Int, before offset: Int) -> Int {
            guard let last = landmarks.last else { return offset }
            let place = last.place + (offset - last.offset) - count
            let landmark = landmarks.last { $0.place <= place } ?? last
            return landmark.offset + (place - landmark.place)
        }

        /// Notes that `count` bytes of the string came from the escape that ends before `offset`.
        mutating func add(landmarkAfter count: Int, from start: Int, to offset: Int, reach: Int) {
            guard let last = landmarks.last else { return }
            let place = last.place + (start - last.offset) + count
            // No secret began before: nothing before will be asked for.
            if state == 0 { landmarks.removeAll(keepingCapacity: true) }
            landmarks.append((place, offset))
            if landmarks.count > 2 * reach + 2 {
                let first = landmarks.lastIndex { $0.place <= place - reach } ?? 0
                landmarks.removeFirst(first)
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
            guard isName else { return }
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
            if string.isName { string.keep(name: chunk[first..<index]) }
            switch stop {
            case .end: return
            case .match: noteMatch(endingAt: base + index)
            case .special:
                switch chunk[index] {
                case UInt8(ascii: "\""):
                    endString(at: index, chunk, &output)
                    index += 1
                    return
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

    /// - Parameter index: The index of the closing quote.
    private mutating func endString(at index: Int, _ chunk: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        if !string.found.isEmpty { settle(upTo: base + index, chunk, &output) }
        guard string.isName else {
            valueEnds(at: index + 1, chunk, &output)
            return
        }
        if hiddenAt == nil { replacement = replacements(string.name) }
        expected = .colon
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
        string.keep(name: text)
        guard automaton.longest > 0 else { return }
        for byte in text {
            automaton.advance(&string.state, by: byte)
        }
        string.add(landmarkAfter: text.count, from: start, to: end, reach: automaton.longest)
        if automaton.matchLength(in: string.state) > 0 { noteMatch(endingAt: end) }
    }
}
