import Glibc

/// What expat said of a chunk, in a list, to be read after it: a callback that is C's cannot be generic, and a list is
/// read faster than callbacks call back.
@usableFromInline struct XMLEvent {
    @usableFromInline enum Kind: UInt8 {
        case start, end, text
    }

    @usableFromInline var kind: Kind
    /// The number of the element's name.
    @usableFromInline var id: UInt16
    /// The root's is 1.
    @usableFromInline var depth: UInt16
    /// Where its bytes are: those of a start among the attributes, else among the texts.
    @usableFromInline var start: UInt32
    @usableFromInline var count: UInt32
}

/// The state that expat's callbacks work on. It holds plain memory only: a class would be counted in every call.
struct XMLEvents {
    /// How texts are given.
    enum Texts {
        /// With the end of elements that are wanted: all that is in them.
        case wanted
        /// As events of their own, and every name gets a number.
        case all
    }

    struct Open {
        var id: UInt16
        /// Where its text begins; -1 when it is not wanted.
        var textStart: Int
    }

    let parser: OpaquePointer
    let options: XMLOptions
    let texts: Texts
    var names: XMLNames
    /// By the number of the name.
    private let isWanted: UnsafeMutablePointer<Bool>
    private let open: UnsafeMutablePointer<Open>
    private(set) var depth = 0
    /// How many of the open elements are wanted.
    private var wantedCount = 0
    /// Where the text of the outermost of them begins.
    private var outermostStart = 0
    /// Whether that has had to be cut.
    private var isCut = false
    var fault: XMLFault?
    var skippedEntities = 0
    private(set) var cutTexts = 0
    private(set) var rootName: String?

    private(set) var list: UnsafeMutablePointer<XMLEvent>
    private(set) var count = 0
    private var capacity = 1024
    private(set) var text = XMLBytes()
    private(set) var attributes = XMLBytes()

    init(names: [String], wanted: [Bool], texts: Texts, options: XMLOptions, parser: OpaquePointer) {
        self.parser = parser
        self.options = options
        self.texts = texts
        self.names = XMLNames(names, grows: texts == .all)
        isWanted = .allocate(capacity: names.count + 1)
        isWanted.initialize(repeating: false, count: names.count + 1)
        for (index, isTrue) in wanted.enumerated() { isWanted[index + 1] = isTrue }
        open = .allocate(capacity: options.depth + 1)
        list = .allocate(capacity: capacity)
    }

    func deallocate() {
        names.deallocate()
        isWanted.deallocate()
        open.deallocate()
        list.deallocate()
        text.deallocate()
        attributes.deallocate()
    }

    /// False when the document is refused.
    @inline(__always)
    mutating func begin(
        _ name: UnsafePointer<CChar>,
        _ pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    ) -> Bool {
        guard depth < options.depth else { return refuse(.tooDeep(ceiling: options.depth)) }
        guard let (known, length, hash) = names.id(of: name) else {
            return refuse(.nameTooLong(ceiling: XMLOptions.name))
        }
        var id = known
        if id == 0, texts == .all {
            guard let new = names.add(name, length, hash) else {
                return refuse(.tooManyNames(ceiling: XMLNames.ceiling))
            }
            id = new
        }
        if depth == 0 {
            rootName = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
        }
        depth &+= 1
        var textStart = -1
        if id != 0 {
            let start = attributes.count
            if let pairs, pairs[0] != nil { append(pairs) }
            add(.start, id, start, attributes.count - start)
            if texts == .wanted, isWanted[Int(id)] {
                textStart = text.count
                if wantedCount == 0 { outermostStart = textStart }
                wantedCount &+= 1
            }
        }
        open[depth] = Open(id: id, textStart: textStart)
        return true
    }

    @inline(__always)
    mutating func end() {
        guard depth > 0 else { return }
        let element = open[depth]
        if element.id != 0 {
            if element.textStart >= 0 {
                wantedCount &-= 1
                if wantedCount == 0 { isCut = false }
                add(.end, element.id, element.textStart, text.count - element.textStart)
            } else {
                add(.end, element.id, 0, 0)
            }
        }
        depth &-= 1
    }

    /// False when there is too much of it.
    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<CChar>, _ length: Int) -> Bool {
        if texts == .all {
            let start = text.count
            text.append(bytes, length)
            if count > 0, list[count - 1].kind == .text {
                list[count - 1].count += UInt32(truncatingIfNeeded: length)
            } else {
                add(.text, open[depth].id, start, length)
            }
        } else if wantedCount > 0 {
            guard text.count - outermostStart + length <= options.text, !isCut else {
                return options.cutsTexts ? cut(bytes, length) : refuseText()
            }
            text.append(bytes, length)
        }
        return true
    }

    /// Takes what there is room for, in whole characters, and no more of this text.
    private mutating func cut(_ bytes: UnsafePointer<CChar>, _ length: Int) -> Bool {
        guard !isCut else { return true }
        isCut = true
        cutTexts += 1
        var room = options.text - (text.count - outermostStart)
        // Not before a byte that goes on with a character (RFC 3629).
        while room > 0, UInt8(bitPattern: bytes[room]) & 0xC0 == 0x80 { room -= 1 }
        if room > 0 { text.append(bytes, room) }
        return true
    }

    /// Forgets the events, and keeps the texts that are not at their end.
    mutating func clear() {
        count = 0
        attributes.removeFirst(attributes.count)
        if wantedCount == 0 {
            text.removeFirst(text.count)
        } else if outermostStart > 0 {
            text.removeFirst(outermostStart)
            for index in 1...depth where open[index].textStart >= 0 { open[index].textStart -= outermostStart }
            outermostStart = 0
        }
    }

    mutating func refuse(_ fault: XMLFault) -> Bool {
        self.fault = fault
        return false
    }

    private mutating func refuseText() -> Bool {
        let element = (1...depth).first { open[$0].textStart >= 0 }.map { names.names[Int(open[$0].id) - 1] }
        return refuse(.tooLong(element: element ?? "", ceiling: options.text))
    }

    @inline(__always)
    private mutating func add(_ kind: XMLEvent.Kind, _ id: UInt16, _ start: Int, _ length: Int) {
        if count == capacity { grow() }
        list[count] = XMLEvent(
            kind: kind,
            id: id,
            depth: UInt16(truncatingIfNeeded: depth),
            start: UInt32(truncatingIfNeeded: start),
            count: UInt32(truncatingIfNeeded: length)
        )
        count &+= 1
    }

    /// Names and values in turns, each with a zero byte behind it, as expat has them.
    private mutating func append(_ pairs: UnsafeMutablePointer<UnsafePointer<CChar>?>) {
        var next = pairs
        while let text = next.pointee {
            attributes.append(text, strlen(text) + 1)
            next += 1
        }
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<XMLEvent>.allocate(capacity: 2 * capacity)
        larger.update(from: list, count: count)
        list.deallocate()
        list = larger
        capacity *= 2
    }
}

/// Bytes that grow.
struct XMLBytes {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity = 4096

    init() {
        start = .allocate(byteCount: capacity, alignment: 1)
    }

    func deallocate() {
        start.deallocate()
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawPointer, _ length: Int) {
        if count &+ length > capacity { grow(to: count + length) }
        (start + count).copyMemory(from: bytes, byteCount: length)
        count &+= length
    }

    mutating func removeFirst(_ length: Int) {
        if length < count { memmove(start, start + length, count - length) }
        count -= length
    }

    private mutating func grow(to length: Int) {
        capacity = max(length, 2 * capacity)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: start, byteCount: count)
        start.deallocate()
        start = larger
    }
}
