/// The values of one row, as bytes in one piece of memory that every row uses again.
package final class DetectionRow {
    private static let absent = -1

    private var bytes: [UInt8] = []
    private var starts = [Int](repeating: DetectionRow.absent, count: DetectionColumn.allCases.count)
    private var counts = [Int](repeating: 0, count: DetectionColumn.allCases.count)
    private var hostEnd = 0

    package init() {
        bytes.reserveCapacity(4096)
    }

    /// Forgets everything: a new host begins.
    func beginHost() {
        bytes.removeAll(keepingCapacity: true)
        for column in starts.indices { starts[column] = Self.absent }
    }

    /// Remembers where the host's values end.
    func beginDetection() {
        hostEnd = bytes.count
    }

    /// Forgets the detection's values and keeps the host's.
    func endDetection() {
        bytes.removeSubrange(hostEnd...)
        for column in starts.indices where starts[column] >= hostEnd { starts[column] = Self.absent }
    }

    /// The first value of a column stays.
    func set(_ column: DetectionColumn, _ value: UnsafeRawBufferPointer) {
        guard starts[column.rawValue] == Self.absent else { return }
        // A number without its value is no number.
        let value = column.isNumber ? wholeNumber(value) : value
        guard let value else { return }
        starts[column.rawValue] = bytes.count
        counts[column.rawValue] = value.count
        bytes.append(contentsOf: value)
        // So that an empty value at the end of the host's is before the first of the detection.
        bytes.append(0)
    }

    func has(_ column: DetectionColumn) -> Bool { starts[column.rawValue] != Self.absent }

    /// Gives all values in order, nil for those that are absent. They are valid within the call.
    @inline(__always)
    package func forEach(_ body: (DetectionColumn, UnsafeRawBufferPointer?) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            for column in DetectionColumn.allCases {
                let start = starts[column.rawValue]
                try body(
                    column,
                    start == Self.absent
                        ? nil : UnsafeRawBufferPointer(rebasing: bytes[start..<start + counts[column.rawValue]])
                )
            }
        }
    }

    /// A value as text.
    package subscript(column: DetectionColumn) -> String? {
        let start = starts[column.rawValue]
        guard start != Self.absent else { return nil }
        return String(decoding: bytes[start..<start + counts[column.rawValue]], as: UTF8.self)
    }

    /// What tells a detection from all others, from run to run: Qualys's own number, or what that stands for.
    package var key: String {
        if let unique = self[.uniqueVulnID] { return unique }
        let parts = [DetectionColumn.hostID, .qid, .port, .protocol, .fqdn, .instance].map { self[$0] ?? "" }
        return parts.joined(separator: "|")
    }
}

/// The digits of a whole number as JSON has them, without blanks around them or zeros before them; nil for anything else,
/// and for what does not fit into 63 bits.
func wholeNumber(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var (start, end) = (0, text.count)
    while start < end, text[start] <= 0x20 { start += 1 }
    while end > start, text[end - 1] <= 0x20 { end -= 1 }
    while end - start > 1, text[start] == UInt8(ascii: "0") { start += 1 }
    guard start < end, end - start <= 18 else { return nil }
    for index in start..<end where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) { return nil }
    return UnsafeRawBufferPointer(rebasing: text[start..<end])
}
