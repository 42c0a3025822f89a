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
    }

    static let texts: Set<Element> = [.id, .idRange, .ip, .url]
    static let roots: Set<String> = ["HOST_LIST_OUTPUT"]

    /// More than any subscription has: a slip that must not fill the memory.
    private static let mostHosts: Int64 = 10_000_000

    let byAddress: Bool
    private(set) var facts = PageFacts()
    private var total: Int64 = 0
    private var id: Int64?
    private var address: Int64?

    var isRefusal: Bool { false }

    init(byAddress: Bool) {
        self.byAddress = byAddress
    }

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {
        if element == .host { (id, address) = (nil, nil) }
    }

    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws {
        let value = String(decoding: text, as: UTF8.self).trimmed
        switch (element, depth) {
        // ID_SET/ID
        case (.id, 4): try take(value)
        case (.idRange, 4): try take(value)
        // HOST_LIST/HOST/ID
        case (.id, 5): id = Int64(value)
        case (.ip, 5): address = ipv4Number(value)
        case (.host, 4):
            guard let id else { return }
            try count(1)
            if byAddress, let address {
                facts.addresses.insert(address)
            } else {
                // An IPv6 host, too, is asked for, by its id.
                facts.hosts.insert(id)
            }
        case (.url, 4): if !value.isEmpty { facts.next = value }
        default: break
        }
    }

    private mutating func take(_ text: String) throws {
        guard let ranges = IDRanges(text) else {
            throw HostListFault(description: "The Host List has \(quoted(text)), which is no id and no range of ids.")
        }
        for range in ranges.ranges {
            try count(1 + min(range.upperBound - range.lowerBound, Self.mostHosts))
            facts.hosts.insert(range)
        }
    }

    private mutating func count(_ more: Int64) throws {
        guard more <= Self.mostHosts - total else {
            throw HostListFault(description: "The Host List has more than \(Self.mostHosts) hosts.")
        }
        total += more
    }
}

struct HostListFault: Failure, Equatable {
    let description: String
    var label: String { "HostList.Unusable" }
}
