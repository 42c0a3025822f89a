/// What a JSON value is.
package enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`, number, string, array, object
}

/// A value on the tape, or a member's name, which stands before its value.
struct JSONNode {
    /// The offset of the value's first byte: of a string, the one after the quote.
    var start: UInt32
    /// Its bytes: those of a string without the quotes.
    var count: UInt32 = 0
    /// The index of the node after this value and all that is in it.
    var end: UInt32 = 0
    var kind: JSONKind
    /// The string has escapes in it.
    var hasEscapes = false
}

/// One JSON value: its bytes, and a flat list of all values in it. The memory is used again for the next one.
final class JSONTape {
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var byteCount = 0
    private var byteCapacity = 4096

    private var nodes: UnsafeMutablePointer<JSONNode>
    private(set) var nodeCount = 0
    private var nodeCapacity = 256

    /// For strings without their escapes.
    var scratch: [UInt8] = []

    init() {
        bytes = .allocate(capacity: byteCapacity)
        nodes = .allocate(capacity: nodeCapacity)
    }

    deinit {
        bytes.deallocate()
        nodes.deallocate()
    }

    /// A value that outlived its tape's content is a fault of the program.
    subscript(index: Int) -> JSONNode {
        @inline(__always) get {
            precondition(index < nodeCount, "a JSON value was kept longer than it is valid")
            return nodes[index]
        }
    }

    /// The bytes of a node.
    @inline(__always)
    func content(_ node: JSONNode) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: bytes + Int(node.start), count: Int(node.count))
    }

    @inline(__always)
    func clear() {
        byteCount = 0
        nodeCount = 0
    }

    /// Adds a node; returns its index.
    @inline(__always) @discardableResult
    func append(_ kind: JSONKind, at start: Int) -> Int {
        if nodeCount == nodeCapacity { growNodes() }
        nodes[nodeCount] = JSONNode(start: UInt32(truncatingIfNeeded: start), kind: kind)
        nodeCount += 1
        return nodeCount - 1
    }

    /// Closes the value of a node: all nodes after it are in it.
    @inline(__always)
    func close(_ index: Int, at end: Int, hasEscapes: Bool = false) {
        nodes[index].count = UInt32(truncatingIfNeeded: end) - nodes[index].start
        nodes[index].end = UInt32(truncatingIfNeeded: nodeCount)
        nodes[index].hasEscapes = hasEscapes
    }

    func append(_ piece: UnsafeBufferPointer<UInt8>) {
        guard let source = piece.baseAddress else { return }
        if byteCount + piece.count > byteCapacity { growBytes(to: byteCount + piece.count) }
        (bytes + byteCount).update(from: source, count: piece.count)
        byteCount += piece.count
    }

    /// The index of the value of an object's last member of that name; nil when there is none, or this is no object.
    func member(of index: Int, _ name: UnsafeBufferPointer<UInt8>) -> Int? {
        let object = self[index]
        guard object.kind == .object else { return nil }
        let (nodes, bytes) = (nodes, bytes)
        var found: Int?
        var next = index + 1
        while next < Int(object.end) {
            let node = nodes[next]
            if node.hasEscapes {
                if isEscaped(name, in: node) { found = next + 1 }
            } else if Int(node.count) == name.count {
                let content = UnsafeBufferPointer(start: bytes + Int(node.start), count: name.count)
                if isSame(content, name) { found = next + 1 }
            }
            next = Int(nodes[next + 1].end)
        }
        return found
    }

    private func isEscaped(_ name: UnsafeBufferPointer<UInt8>, in node: JSONNode) -> Bool {
        var plain: [UInt8] = []
        appendUnescaped(content(node), to: &plain)
        return plain.elementsEqual(name)
    }

    private func growBytes(to count: Int) {
        byteCapacity = max(count, 2 * byteCapacity)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity)
        larger.update(from: bytes, count: byteCount)
        bytes.deallocate()
        bytes = larger
    }

    private func growNodes() {
        let larger = UnsafeMutablePointer<JSONNode>.allocate(capacity: 2 * nodeCapacity)
        larger.update(from: nodes, count: nodeCount)
        nodes.deallocate()
        nodes = larger
        nodeCapacity *= 2
    }
}

/// Both have the same length.
@inline(__always)
private func isSame(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index < left.count {
        if left[index] != right[index] { return false }
        index &+= 1
    }
    return true
}
