/// Finds any of a set of texts in one pass over bytes, however the bytes are cut: an Aho-Corasick automaton (A. Aho,
/// M. Corasick, "Efficient string matching", 1975), with all its transitions in one table.
///
/// A state says how many of the last bytes are the beginning of one of the texts, and nothing else has to be
/// remembered.
struct SecretAutomaton: Sendable {
    /// A state, as the offset of its row in the table. 0 is the start: no byte of a text is seen.
    typealias State = UInt32

    /// What a text says where it is found.
    enum Kind: Sendable {
        /// It is a secret.
        case secret
        /// It is one when it is all of a string.
        case wholeString
        /// A secret follows.
        case marker
    }

    enum Stop {
        /// All bytes were taken.
        case end
        /// At `index` stands a byte that ends the plain part of a JSON string: a quote, a backslash or a control
        /// character. It was not taken.
        case special
        /// With the byte before `index` a secret or a marker is complete.
        case match
    }

    /// What is known in a state.
    struct Finding: Sendable {
        /// How many of the last bytes may become a text that is looked for.
        var depth = 0
        /// The length of the longest secret that ends here, or 0.
        var secret = 0
        var isMarker = false
        /// All `depth` bytes are a secret if they are a whole string.
        var isWholeString = false

        var stops: Bool { secret > 0 || isMarker }
    }

    /// The length of the longest text, in bytes; 0 when there are none.
    let longest: Int

    /// What a byte is in the table: 0 for one that is in no text. UTF-8 never uses all 256.
    private let classes: [UInt8]
    /// Whether nothing happens at a byte when no text has begun.
    private let isPlain: [Bool]
    private let table: [State]
    private let width: Int
    /// States from here on stop a scan.
    private let firstStop: State
    private let findings: [Finding]

    init(_ texts: [(bytes: [UInt8], kind: Kind)]) {
        let texts = texts.filter { !$0.bytes.isEmpty }
        var classes = [UInt8](repeating: 0, count: 256)
        var width = 1
        for byte in texts.lazy.flatMap(\.bytes) where classes[Int(byte)] == 0 {
            classes[Int(byte)] = UInt8(truncatingIfNeeded: width)
            width += 1
        }
        var trie = Trie(width: width)
        for text in texts {
            trie.add(text.bytes.map { Int(classes[Int($0)]) }, text.kind)
        }
        trie.connect()

        // Those that stop last, so that one comparison tells them.
        let nodes = trie.nodes
        let order = nodes.indices.filter { !nodes[$0].finding.stops } + nodes.indices.filter { nodes[$0].finding.stops }
        var rows = [State](repeating: 0, count: order.count)
        for (place, node) in order.enumerated() {
            rows[node] = State(place * width)
        }
        table = order.flatMap { node in nodes[node].next.map { rows[Int($0)] } }
        findings = order.map { nodes[$0].finding }
        firstStop = State((findings.firstIndex(where: \.stops) ?? order.count) * width)

        let firstBytes = Set(texts.map { $0.bytes[0] })
        isPlain = (0...255).map { !firstBytes.contains($0) && $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
        longest = texts.map(\.bytes.count).max() ?? 0
        self.classes = classes
        self.width = width
    }

    func finding(in state: State) -> Finding { findings[Int(state) / width] }

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
                        if now >= firstStop { return .match }
                    }
                    return .end
                }
            }
        }
    }
}

/// The texts as a tree of common beginnings.
private struct Trie {
    struct Node {
        /// The node after each class of byte; -1 where none is yet.
        var next: [Int32]
        var finding: SecretAutomaton.Finding
        /// The node of the longest proper ending of this one's bytes that is in the tree.
        var fallback = 0
    }

    let width: Int
    var nodes: [Node] = []

    init(width: Int) {
        self.width = width
        append(depth: 0)
    }

    mutating func add(_ text: [Int], _ kind: SecretAutomaton.Kind) {
        var node = 0
        for byte in text {
            if nodes[node].next[byte] < 0 {
                nodes[node].next[byte] = Int32(nodes.count)
                append(depth: nodes[node].finding.depth + 1)
            }
            node = Int(nodes[node].next[byte])
        }
        switch kind {
        case .secret: nodes[node].finding.secret = text.count
        case .wholeString: nodes[node].finding.isWholeString = true
        case .marker: nodes[node].finding.isMarker = true
        }
    }

    private mutating func append(depth: Int) {
        nodes.append(Node(next: Array(repeating: -1, count: width), finding: .init(depth: depth)))
    }

    /// Fills the gaps: where a text goes on differently, another may be under way.
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
                    // What ends with the shorter text ends here too.
                    let shorter = nodes[other].finding
                    nodes[child].finding.secret = max(nodes[child].finding.secret, shorter.secret)
                    nodes[child].finding.isMarker = nodes[child].finding.isMarker || shorter.isMarker
                    queue.append(child)
                }
            }
        }
    }
}
