import Glibc

/// Small numbers for element names: from 1, in the order in which they were added.
struct XMLNames {
    private struct Slot {
        var hash: UInt32 = 0
        /// 0 when the slot is free.
        var id: UInt16 = 0
        var length: UInt16 = 0
        var start: UInt32 = 0
    }

    /// The most names, of which half of the slots are left free.
    static let ceiling = 4096

    private(set) var names: [String] = []
    private let slots: UnsafeMutablePointer<Slot>
    private var mask: Int
    private var bytes: UnsafeMutablePointer<UInt8>
    private var byteCount = 0
    private var byteCapacity = 1 << 12

    init(_ names: [String], grows: Bool) {
        var size = 64
        while size < 4 * names.count { size *= 2 }
        if grows { size = 2 * XMLNames.ceiling }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Slot(), count: size)
        mask = size - 1
        bytes = .allocate(capacity: byteCapacity)
        for var name in names {
            name.withUTF8 { utf8 in
                let hash = utf8.reduce(XMLNames.seed) { XMLNames.mixed($0, $1) }
                guard let name = utf8.baseAddress else { return }
                _ = add(UnsafeRawPointer(name), utf8.count, hash)
            }
        }
    }

    func deallocate() {
        slots.deallocate()
        bytes.deallocate()
    }

    private static let seed: UInt32 = 2_166_136_261

    /// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo).
    @inline(__always)
    private static func mixed(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
        (hash ^ UInt32(byte)) &* 16_777_619
    }

    /// The number of a name that ends in a zero byte; 0 when it has none, nil when it is longer than allowed.
    @inline(__always)
    func id(of name: UnsafePointer<CChar>) -> (id: UInt16, length: Int, hash: UInt32)? {
        var hash = XMLNames.seed
        var length = 0
        while name[length] != 0 {
            hash = XMLNames.mixed(hash, UInt8(bitPattern: name[length]))
            length &+= 1
            if length > XMLOptions.name { return nil }
        }
        var index = Int(hash) & mask
        while slots[index].id != 0 {
            let slot = slots[index]
            if slot.hash == hash, Int(slot.length) == length, memcmp(bytes + Int(slot.start), name, length) == 0 {
                return (slot.id, length, hash)
            }
            index = (index &+ 1) & mask
        }
        return (0, length, hash)
    }

    /// Gives a name that has none a number; nil when there are too many.
    mutating func add(_ name: UnsafeRawPointer, _ length: Int, _ hash: UInt32) -> UInt16? {
        guard names.count < XMLNames.ceiling, 2 * names.count < mask else { return nil }
        if byteCount + length > byteCapacity { grow(by: length) }
        UnsafeMutableRawPointer(bytes + byteCount).copyMemory(from: name, byteCount: length)
        names.append(String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self))
        let id = UInt16(names.count)
        var index = Int(hash) & mask
        while slots[index].id != 0 { index = (index + 1) & mask }
        slots[index] = Slot(hash: hash, id: id, length: UInt16(length), start: UInt32(byteCount))
        byteCount += length
        return id
    }

    private mutating func grow(by length: Int) {
        byteCapacity = 2 * (byteCapacity + length)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity)
        larger.update(from: bytes, count: byteCount)
        bytes.deallocate()
        bytes = larger
    }
}
