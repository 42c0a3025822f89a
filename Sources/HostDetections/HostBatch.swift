package import Support

/// Hosts that are asked for together.
package struct HostBatch: Sendable, Equatable {
    /// What the numbers are.
    package enum Kind: String, Sendable {
        case ids
        /// IPv4 addresses, as numbers.
        case addresses
    }

    /// From 1.
    package let number: Int
    package let kind: Kind

    /// As ranges: millions of hosts wait in batches.
    package let members: IDRanges

    package var count: Int { members.count }

    /// `members` as Qualys takes them, one by one with commas.
    package var list: String {
        var list = ""
        for range in members.ranges {
            for number in range {
                if !list.isEmpty { list += "," }
                list += kind == .ids ? String(number) : ipv4Text(number)
            }
        }
        return list
    }

    /// `50001001-50002000`, in names and messages.
    package var range: String {
        let (first, last) = (members.ranges.first?.lowerBound ?? 0, members.ranges.last?.upperBound ?? 0)
        return kind == .ids ? "\(first)-\(last)" : "\(ipv4Text(first))-\(ipv4Text(last))"
    }

    /// For the list of what is missing.
    package var name: String { "batch \(number), \(kind == .ids ? "hosts" : "addresses") \(range)" }
}

/// The hosts of a run.
package struct HostSet: Sendable, Equatable {
    package var ids = IDRanges()

    /// IPv4 addresses as numbers, when hosts are asked for by address.
    package var addresses = IDRanges()

    /// Hosts of the portal, by their ids there.
    package var portalIDs = IDRanges()

    package init(ids: IDRanges = IDRanges(), addresses: IDRanges = IDRanges()) {
        self.ids = ids
        self.addresses = addresses
    }

    package var count: Int { ids.count + addresses.count }

    /// All of them in ascending order, `size` at a time, each once.
    package func batches(of size: Int) -> [HostBatch] {
        var batches: [HostBatch] = []
        func cut(_ ranges: IDRanges, _ kind: HostBatch.Kind) {
            var members = IDRanges()
            var room = size
            func end() {
                guard !members.isEmpty else { return }
                batches.append(HostBatch(number: batches.count + 1, kind: kind, members: members))
                (members, room) = (IDRanges(), size)
            }
            for range in ranges.ranges {
                var start = range.lowerBound
                while start <= range.upperBound {
                    let last = min(range.upperBound, start + Int64(room) - 1)
                    members.insert(start...last)
                    room -= Int(last - start) + 1
                    if room == 0 { end() }
                    start = last + 1
                }
            }
            end()
        }
        cut(ids, .ids)
        cut(addresses, .addresses)
        return batches
    }
}

/// `10.0.0.1`
func ipv4Text(_ number: Int64) -> String {
    "\(number >> 24 & 255).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
}

/// The number of a dotted address; nil for anything else.
func ipv4Number(_ text: some StringProtocol) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var number: Int64 = 0
    for part in parts {
        guard let byte = UInt8(part) else { return nil }
        number = number << 8 | Int64(byte)
    }
    return number
}
