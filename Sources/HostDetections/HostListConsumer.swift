import Support
import XMLStream

/// Reads who the hosts are from the Host List: ids and ranges of them, or with details ids and addresses.
struct HostListConsumer: PageConsumer {
    enum Element: String, CaseIterable {
        case host = "HOST"
        case id = "ID"
        case idRange = "ID_RANGE"
        case ip = "IP"
        case url = "URL"
        case made = "DATETIME"
    }

    static let texts: Set<Element> = [.id, .idRange, .ip, .url, .made]
    static let roots: Set<String> = ["HOST_LIST_OUTPUT"]

    /// More than any subscription has: a slip that must not fill the memory.
    private static let mostHosts: Int64 = 10_000_000

    let byAddress: Bool
    private let batchSize: Int
    private let onFirstBatch: @Sendable (HostBatch) -> Void
    private var hasFirstBatch = false
    private(set) var facts = PageFacts()
    private var total: Int64 = 0
    private var id: Int64?
    private var address: Int64?

    var isRefusal: Bool { false }

    /// - Parameter onFirstBatch: Is told the first batch as soon as a host beyond it is known, for Qualys lists ids in
    ///   ascending order. Not with details, where hosts may be asked for by address.
    init(
        byAddress: Bool,
        batchSize: Int = .max,
        onFirstBatch: @escaping @Sendable (HostBatch) -> Void = { _ in }
    ) {
        self.byAddress = byAddress
        self.batchSize = batchSize
        self.onFirstBatch = onFirstBatch
    }

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {
        if element == .host { (id, address) = (nil, nil) }
    }

    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws {
        switch (element, depth) {
        // In ID_SET.
        case (.id, 4), (.idRange, 4): try take(text)
        // In HOST_LIST/HOST.
        case (.id, 5): id = integer(text)
        case (.ip, 5): address = ipv4Number(String(decoding: text, as: UTF8.self).trimmed)
        case (.host, 4):
            guard let id else { return }
            try count(1)
            if byAddress, let address {
                facts.addresses.insert(address)
            } else {
                // An IPv6 host, too, is asked for, by its id.
                facts.hosts.insert(id)
            }
        case (.url, 4):
            let url = String(decoding: text, as: UTF8.self).trimmed
            if !url.isEmpty { facts.next = url }
        // In RESPONSE.
        case (.made, 3): facts.made = Timestamp(iso8601: String(decoding: text, as: UTF8.self).trimmed)
        default: break
        }
    }

    private mutating func take(_ text: UnsafeRawBufferPointer) throws {
        if text.allSatisfy({ $0 <= 0x20 }) { return }
        guard let range = idRange(text) else {
            let text = quoted(String(decoding: text, as: UTF8.self).trimmed)
            throw HostListFault(description: "The Host List has \(text), which is no id and no range of ids.")
        }
        try count(1 + min(range.upperBound - range.lowerBound, Self.mostHosts))
        facts.hosts.insert(range)
        guard !hasFirstBatch, total > batchSize else { return }
        let batches = HostSet(ids: facts.hosts).batches(of: batchSize)
        guard batches.count > 1 else { return }
        hasFirstBatch = true
        onFirstBatch(batches[0])
    }

    private mutating func count(_ more: Int64) throws {
        guard more <= Self.mostHosts - total else {
            throw HostListFault(description: "The Host List has more than \(Self.mostHosts) hosts.")
        }
        total += more
    }
}

/// `3001` or `3001-3050`; nil for anything else. From the bytes, for there are millions.
private func idRange(_ text: UnsafeRawBufferPointer) -> ClosedRange<Int64>? {
    guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else { return integer(text).map { $0...$0 } }
    guard let first = integer(UnsafeRawBufferPointer(rebasing: text[..<dash])),
        let last = integer(UnsafeRawBufferPointer(rebasing: text[(dash + 1)...])), first <= last
    else { return nil }
    return first...last
}

struct HostListFault: Failure, Equatable {
    let description: String
    var label: String { "HostList.Unusable" }
}
