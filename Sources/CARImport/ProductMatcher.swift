/// Finds which of many texts occur in another, in one pass over it: each place is looked up by two bytes, and only where a
/// product begins with those is anything compared.
struct ProductMatcher {
    /// In lower case, each once.
    private(set) var products: [[UInt8]] = []
    /// By two bytes, the first product that begins with them, or -1; then `following`.
    private var heads = [Int32](repeating: -1, count: 1 << 16)
    private var following: [Int32] = []
    /// Products of a single byte.
    private var short: [Int] = []
    /// The number of the text in which a product was found last.
    private var seen: [Int] = []
    private var text = 0

    mutating func removeAll() {
        for product in products where product.count > 1 { heads[Self.start(product[0], product[1])] = -1 }
        products.removeAll(keepingCapacity: true)
        following.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
        short.removeAll(keepingCapacity: true)
    }

    /// - Returns: Its number, by which `forEachMatch` names it.
    mutating func add(_ product: [UInt8]) -> Int {
        let number = products.count
        products.append(product)
        seen.append(-1)
        if product.count > 1 {
            let start = Self.start(product[0], product[1])
            following.append(heads[start])
            heads[start] = Int32(number)
        } else {
            following.append(-1)
            if !product.isEmpty { short.append(number) }
        }
        return number
    }

    /// Calls `body` once for each product that occurs in the text.
    mutating func forEachMatch(in bytes: UnsafeRawBufferPointer, _ body: (Int) throws -> Void) rethrows {
        text += 1
        for number in short where bytes.contains(products[number][0]) { try body(number) }
        guard bytes.count > 1, short.count < products.count else { return }
        for place in 0..<(bytes.count - 1) {
            var next = heads[Self.start(bytes[place], bytes[place + 1])]
            while next >= 0 {
                let number = Int(next)
                next = following[number]
                guard seen[number] != text, Self.matches(products[number], bytes, at: place) else { continue }
                seen[number] = text
                try body(number)
            }
        }
    }

    private static func matches(_ product: [UInt8], _ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
        guard place + product.count <= bytes.count else { return false }
        for index in 2..<max(2, product.count) where product[index] != bytes[place + index] { return false }
        return true
    }

    @inline(__always)
    private static func start(_ first: UInt8, _ second: UInt8) -> Int { Int(first) << 8 | Int(second) }
}
