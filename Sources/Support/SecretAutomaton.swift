/// Finds any of a set of secrets in one pass over bytes, however the bytes are cut: an Aho-Corasick automaton
/// (A. Aho, M. Corasick, "Efficient string matching", 1975), with all its transitions in one table.
///
/// A state says how many of the last bytes are the beginning of a secret, and nothing else has to be remembered.
struct SecretAutomaton: Sendable {
    /// A state, as the offset of its row in the table. 0 is the start: no byte of a secret is seen.
    typealias State = UInt32

    enum Stop {
        /// All bytes were taken.
        case end
        /// At `index` stands a byte that ends the plain part of a JSON string: a quote, a backslash or a control
        /// character. It was not taken.
        case special
        /// With the byte before `index` a secret is complete.
        case match
    }

    /// The length of the longest secret, in bytes; 0 when there are none.
    let longest: Int

    /// What a byte is in the table: 0 for one that is in no secret. UTF-8 never uses all 256.
    private let classes: [UInt8]
    /// Whether anything happens at a byte when no secret has begun.
    private let isPlain: [Bool]
    private let table: [State]
    private let width: Int
    /// States from here on complete a secret.
    private let firstMatch: State
    private let depths: [Int32]
    private let lengths: [Int32]

    init(_ secrets: some Sequence<[UInt8]>) {
        let secrets = secrets.filter { !$0.isEmpty }
        var classes = [UInt8](repeating: 0, count: 256)
        var width = 1
        for byte in secrets.joined() where classes[Int(byte)] == 0 {
            classes[Int(byte)] = UInt8(truncatingIfNeeded: width)
            width += 1
        }
        var trie = Trie(width: width)
        for secret in secrets {
            trie.add(secret.map { Int(classes[Int($0)]) })
        }
        trie.connect()

        // Matching states last, so that one comparison tells them.
        let order =
            trie.nodes.indices.filter { trie.nodes[$0].length == 0 }
            + trie.nodes.indices.filter { trie.nodes[$0].length > 0 }
        var rows = [State](repeating: 0, count: order.count)
        for (place, node) in order.enumerated() {
            rows[node] = State(place * width)
        }
        table = order.flatMap { node in trie.nodes[node].next.map { rows[Int($0)] } }
        depths = order.map { trie.nodes[$0].depth }
        lengths = order.map { trie.nodes[$0].length }
        firstMatch = State((lengths.firstIndex { $0 > 0 } ?? order.count) * width)

        let firstBytes = Set(secrets.map { $0[0] })
        isPlain = (0...255).map { !firstBytes.contains($0) && $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
        longest = secrets.map(\.count).max() ?? 0
        self.classes = classes
        self.width = width
    }

    /// How many of the last bytes may become a secret.
    func depth(of state: State) -> Int { Int(depths[Int(state) / width]) }

    /// The length of the longest secret that is complete in this state, or 0.
    func matchLength(in state: State) -> Int { Int(lengths[Int(state) / width]) }

    /// Takes one byte, whatever it is.
    func advance(_ state: inout State, by byte: UInt8) {
        state = table[Int(state) + Int(classes[Int(byte)])]
    }

    /// Takes the bytes of a JSON string from `index` on until something happens.
    func scan(_ bytes: UnsafeRawBufferPointer, from index: inout Int, state: inout State) -> Stop {
        classes.withUnsafeBufferPointer { classes in
            isPlain.withUnsafeBufferPointer { isPlain in
                table.withUnsafeBufferPointer { table in
                    var place = index
                    var now = state
                    defer {
                        index = place
                        state = now
                    }
                    while place < bytes.count {
                        if now == 0 {
                            while place < bytes.count, isPlain[Int(bytes[place])] { place &+= 1 }
                            guard place < bytes.count else { return .end }
                        }
                        let byte = bytes[place]
                        if byte < 0x20 || byte == 0x22 || byte == 0x5C { return .special }
                        now = table[Int(now) &+ Int(classes[Int(byte)])]
                        place &+= 1
                        if now >= firstMatch { return .match }
                    }
                    return .end
                }
            }
        }
    }
}

/// The secrets as a tree of common beginnings.
private struct Trie {
    struct Node {
        /// The node after each class of byte; -1 where none is yet.
        var next: [Int32]
        var depth: Int32
        /// The length of the longest secret that ends here.
        var length: Int32 = 0
        /// The node of the longest proper ending of this one's bytes that is in the tree.
        var fallback = 0
    }

    let width: Int
    var nodes: [Node]

    init(width: Int) {
        self.width = width
        nodes = [Node(next: Array(repeating: -1, count: width), depth: 0)]
    }

    mutating func add(_ secret: [Int]) {
        var node = 0
        for byte in secret {
            if nodes[node].next[byte] < 0 {
                nodes[node].next[byte] = Int32(nodes.count)
                nodes.append(Node(next: Array(repeating: -1, count: width), depth: nodes[node].depth + 1))
            }
            node = Int(nodes[node].next[byte])
        }
        nodes[node].length = nodes[node].depth
    }

    /// Fills the gaps: where a secret goes on differently, another may be under way.
    mutating func connect() {
        var queue = [0]
        var head = 0
        while head < queue.count {
            let node = queue[head]
            head += 1
            for byte in 0..<width {
                let other = node == 0 ? 0 : Int(nodes[nodes[node].fallback].next[byte])
                let child = Int(nodes[node].next[byte])
                if child < 0 {
                    nodes[node].next[byte] = Int32(other)
                } else {
                    nodes[child].fallback = other
                    nodes[child].length = max(nodes[child].length, nodes[other].length)
                    queue.append(child)
                }
            }
        }
    }
}
