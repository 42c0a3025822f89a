/// The values of one row, as bytes in one piece of memory that every row uses again.
///
/// Plain memory, because an array in a class is counted and checked at every touch, and there are twenty to a row.
package final class DetectionRow {
    private static let columns = DetectionColumn.allCases
    private static let absent = -1

    /// Where the values are: begin and length of each column.
    private let starts = UnsafeMutablePointer<Int>.allocate(capacity: DetectionRow.columns.count)
    private let counts = UnsafeMutablePointer<Int>.allocate(capacity: DetectionRow.columns.count)
    private var bytes = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 1)
    private var capacity = 4096
    private var count = 0
    private var hostEnd = 0

    package init() {
        beginHost()
    }

    deinit {
        starts.deallocate()
        counts.deallocate()
        bytes.deallocate()
    }

    /// Forgets everything: a new host begins.
    func beginHost() {
        count = 0
        hostEnd = 0
        starts.update(repeating: Self.absent, count: Self.columns.count)
    }

    /// Remembers where the host's values end.
    func beginDetection() {
        hostEnd = count
    }

    /// Forgets the detection's values and keeps the host's.
    func endDetection() {
        count = hostEnd
        for column in 0..<Self.columns.count where starts[column] >= hostEnd { starts[column] = Self.absent }
    }

    /// The first value of a column stays.
    func set(_ column: DetectionColumn, _ value: UnsafeRawBufferPointer) {
        guard starts[column.rawValue] == Self.absent else { return }
        // A number without its value is no number.
        guard let value = column.isNumber ? wholeNumber(value) : value else { return }
        if count + value.count >= capacity { grow(to: count + value.count + 1) }
        if let base = value.baseAddress { (bytes + count).copyMemory(from: base, byteCount: value.count) }
        starts[column.rawValue] = count
        counts[column.rawValue] = value.count
        // One more, so that an empty value at the end of the host's is before the first of the detection.
        count += value.count + 1
    }

    /// Gives all values in order, nil for those that are absent. They are valid within the call.
    @inline(__always)
    package func forEach(_ body: (DetectionColumn, UnsafeRawBufferPointer?) throws -> Void) rethrows {
        for column in Self.columns { try body(column, value(column)) }
    }

    /// A value as text.
    package subscript(column: DetectionColumn) -> String? {
        value(column).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What tells a detection from all others, from run to run: Qualys's own number, or what that stands for.
    package var key: String {
        if let unique = self[.uniqueVulnID] { return unique }
        let parts = [DetectionColumn.hostID, .qid, .port, .protocol, .fqdn, .instance].map { self[$0] ?? "" }
        return parts.joined(separator: "|")
    }

    @inline(__always)
    private func value(_ column: DetectionColumn) -> UnsafeRawBufferPointer? {
        let start = starts[column.rawValue]
        return start == Self.absent ? nil : UnsafeRawBufferPointer(start: bytes + start, count: counts[column.rawValue])
    }

    private func grow(to needed: Int) {
        // A long value is most of a row: twice as much would stay empty.
        capacity = needed + needed / 4
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: bytes, byteCount: count)
        bytes.deallocate()
        bytes = larger
    }
}

/// The value of a whole number; nil for anything that `wholeNumber` takes for none.
func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
    // At most 18 digits, which fit.
    wholeNumber(text)?.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
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
