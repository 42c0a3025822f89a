/// What of a host's detections is kept: each QID once, with the largest severity of its detections.
///
/// Packed, in ascending order of QIDs, it is some three bytes a QID: the distance from the one before as a number of seven
/// bits a byte (LEB128), then the severity plus 1, or 0 without one.
enum DetectionList {
    /// The largest severity that can be told apart; what is beyond is not sent anyway.
    static let largestSeverity = 253

    /// Whether the edge of a detection with that severity, or -1, is sent: `risk_score` is twice that, and 10 at most.
    static func isSent(_ severity: Int) -> Bool { severity <= 5 }

    static func packed(_ severities: [Int64: Int]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(severities.count * 3)
        var last: Int64 = 0
        for qid in severities.keys.sorted() {
            var distance = UInt64(bitPattern: qid - last)
            while distance >= 0x80 {
                bytes.append(UInt8(distance & 0x7F) | 0x80)
                distance >>= 7
            }
            bytes.append(UInt8(distance))
            bytes.append(UInt8((severities[qid] ?? -1) + 1))
            last = qid
        }
        return bytes
    }

    /// - Parameter body: Given each QID, and its severity or -1.
    static func forEach(_ packed: [UInt8], _ body: (_ qid: Int64, _ severity: Int) throws -> Void) rethrows {
        var qid: Int64 = 0
        var distance: UInt64 = 0
        var shift: UInt64 = 0
        var isSeverity = false
        for byte in packed {
            if isSeverity {
                try body(qid, Int(byte) - 1)
                isSeverity = false
            } else {
                distance |= UInt64(byte & 0x7F) << shift
                shift += 7
                guard byte < 0x80 else { continue }
                qid += Int64(bitPattern: distance)
                (distance, shift, isSeverity) = (0, 0, true)
            }
        }
    }
}
