import Support

/// Makes of bytes what XML 1.0 can hold (section 2.2), however they are cut.
struct XMLCleaner {
    /// Control characters that were taken out.
    private(set) var removed = 0
    /// Places that became U+FFFD.
    private(set) var repaired = 0

    /// The beginning of a character whose rest is to come.
    private var held: [UInt8] = []
    private var joined: [UInt8] = []
    private var output: [UInt8] = []

    /// Gives the clean bytes to `body`: without a copy where there is nothing to do.
    mutating func clean(
        _ chunk: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        output.removeAll(keepingCapacity: true)
        var isWhole = false
        if held.isEmpty {
            isWhole = clean(chunk)
        } else {
            joined.removeAll(keepingCapacity: true)
            joined.append(contentsOf: held)
            joined.append(contentsOf: chunk)
            held.removeAll(keepingCapacity: true)
            var bytes: [UInt8] = []
            swap(&bytes, &joined)
            if bytes.withUnsafeBytes({ clean($0) }) { output.append(contentsOf: bytes) }
            swap(&bytes, &joined)
        }
        if isWhole {
            try body(chunk)
        } else {
            try output.withUnsafeBytes(body)
        }
    }

    /// What is left at the end of the document: nothing, or a character without its end.
    mutating func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        guard !held.isEmpty else { return }
        held = []
        repaired += 1
        try XMLCleaner.replacement.withUnsafeBytes(body)
    }

    private static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

    /// True when all of the bytes can stay; else the clean ones are in `output`.
    private mutating func clean(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var settled = 0
        var index = 0
        while true {
            index = bytes.indexOfSuspect(from: index)
            guard index < bytes.count else { break }
            if bytes[index] < 0x80 {
                output.append(contentsOf: bytes[settled..<index])
                removed += 1
                index += 1
                settled = index
                continue
            }
            let start = index
            switch bytes.character(at: &index) {
            case .good: break
            case .bad:
                output.append(contentsOf: bytes[settled..<start])
                output.append(contentsOf: XMLCleaner.replacement)
                repaired += 1
                settled = index
            case .cut:
                output.append(contentsOf: bytes[settled..<start])
                held.append(contentsOf: bytes[start...])
                return false
            }
        }
        if settled == 0 { return true }
        output.append(contentsOf: bytes[settled...])
        return false
    }
}

private enum Character {
    case good, bad, cut
}

extension UnsafeRawBufferPointer {
    /// Reads a character outside of ASCII. `index` is behind it, or behind those bytes that could have begun one.
    fileprivate func character(at index: inout Int) -> Character {
        var check = UTF8Check()
        let start = index
        while index < count {
            guard check.take(self[index]) else {
                // The byte may begin the next one.
                if index == start { index += 1 }
                return .bad
            }
            index += 1
            if check.left == 0 { return isCharacter(from: start, to: index) ? .good : .bad }
        }
        return .cut
    }

    /// U+FFFE and U+FFFF are none.
    private func isCharacter(from start: Int, to end: Int) -> Bool {
        !(end - start == 3 && self[start] == 0xEF && self[start + 1] == 0xBF && self[start + 2] >= 0xBE)
    }

    /// The index of the next control character but tab and line ends, or byte outside of ASCII. Eight bytes are looked at
    /// together; every sum stays within its byte.
    fileprivate func indexOfSuspect(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = ones &* 0x7F
        var index = start
        while index &+ 8 <= count {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self))
            // The high bit of each byte: set where it is 0x20 or more, or one of the three.
            let letters = (word & low) &+ ones &* 0x60
            let fine = letters | isZero(word ^ ones &* 0x09) | isZero(word ^ ones &* 0x0A) | isZero(word ^ ones &* 0x0D)
            let suspects = (~fine | word) & (ones &* 0x80)
            if suspects != 0 { return index &+ suspects.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < count {
            let byte = self[index]
            if byte >= 0x80 || byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D { break }
            index &+= 1
        }
        return index
    }
}

/// The high bit of each byte that is 0, exactly (H. Warren, "Hacker's Delight", section 6-1).
@inline(__always)
private func isZero(_ word: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~((word & low) &+ low | word | low)
}
