/// Finds the place of a name among some that are known, without making a text of it.
struct MemberNames {
    private let names: [[UInt8]]

    /// By the hash of a name: its place, or -1; a power of two, at most half of it taken.
    private var slots: [Int16]

    init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        var size = 16
        while size < 2 * names.count { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (place, name) in self.names.enumerated() {
            var slot = name.withUnsafeBytes { Self.hash($0) } & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(place)
        }
    }

    func place(of name: UnsafeRawBufferPointer) -> Int? {
        var slot = Self.hash(name) & (slots.count - 1)
        while slots[slot] >= 0 {
            let place = Int(slots[slot])
            if names[place].count == name.count, names[place].elementsEqual(name) { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// FNV-1a: names are a few bytes long.
    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return Int(hash ^ hash >> 15)
    }
}
