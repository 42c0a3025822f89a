/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The calendar arithmetic is the proleptic Gregorian one of ISO 8601 without leap seconds, as POSIX counts. It is
/// here because Foundation's formatters bring 44 MB of ICU with them.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Seconds out of range, which somebody else may have written, become the first or last moment there is.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { floorDivide(milliseconds, 1000) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + right.milliseconds)
    }

    package static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds - right.milliseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }
}

extension Timestamp {
    /// `2026-11-21T03:00:45Z`
    package var iso8601: String {
        let field = calendarFields
        return "\(padded(field.year, 4))-\(padded(field.month))-\(padded(field.day))"
            + "T\(padded(field.hour)):\(padded(field.minute)):\(padded(field.second))Z"
    }

    /// `2026-11-21T03:00:45.123Z`
    package var iso8601Milliseconds: String {
        let fraction = padded(milliseconds - seconds * 1000, 3)
        return "\(iso8601.dropLast()).\(fraction)Z"
    }

    /// `20261121T030045Z`, the form of signatures and of the names of runs.
    package var basicISO8601: String {
        let field = calendarFields
        return "\(day)T\(padded(field.hour))\(padded(field.minute))\(padded(field.second))Z"
    }

    /// `20261121`
    package var day: String {
        let field = calendarFields
        return "\(padded(field.year, 4))\(padded(field.month))\(padded(field.day))"
    }

    /// Reads `2026-11-21T03:00:45Z`, with an optional fraction of a second and `Z`, `+hh:mm`, `+hhmm` or nothing (UTC)
    /// as the zone.
    ///
    /// Nothing else is read: a wrong time must not turn into another one.
    package init?(iso8601 text: String) {
        var rest = Substring(text)
        guard let year = rest.takeDigits(4), rest.take("-"), let month = rest.takeDigits(2), rest.take("-"),
            let day = rest.takeDigits(2), rest.take("T"), let hour = rest.takeDigits(2), rest.take(":"),
            let minute = rest.takeDigits(2), rest.take(":"), let second = rest.takeDigits(2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }

        var fraction: Int64 = 0
        if rest.take(".") {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let read = Int64(String((digits + "00").prefix(3))) else { return nil }
            fraction = read
            rest = rest.dropFirst(digits.count)
        }
        guard let zone = Timestamp.offset(&rest), rest.isEmpty else { return nil }

        let days = daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second - zone
        self.init(milliseconds: seconds * 1000 + fraction)
        // The 31st of a month that has 30 days would come back as the 1st of the next.
        guard Timestamp(seconds: days * 86400).calendarFields.day == day else { return nil }
    }

    /// Takes the zone off the front: its distance from UTC in seconds.
    private static func offset(_ rest: inout Substring) -> Int64? {
        if rest.isEmpty || rest.take("Z") { return 0 }
        guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
        rest = rest.dropFirst()
        guard let hours = rest.takeDigits(2) else { return nil }
        _ = rest.take(":")
        guard let minutes = rest.takeDigits(2) else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }

    private var calendarFields: (year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
        let days = floorDivide(seconds, 86400)
        let secondOfDay = seconds - days * 86400
        let (year, month, day) = civilDate(daysSince1970: days)
        return (year, month, day, secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; the ends of `Int64` when out of its range.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return product + attoseconds / 1_000_000_000_000_000
    }

    /// Seconds as a number for logs and metrics, to the millisecond.
    package var inSeconds: Double { Double(milliseconds) / 1000 }
}

// The two functions below count years from 1 March, so that the leap day is the last of its year, in eras of 400 years
// of 146,097 days.

private func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
}

private func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

private func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}

private func padded(_ value: Int64, _ width: Int = 2) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Substring {
    fileprivate mutating func take(_ character: Character) -> Bool {
        guard first == character else { return false }
        removeFirst()
        return true
    }

    fileprivate mutating func takeDigits(_ count: Int) -> Int64? {
        let digits = prefix(count)
        guard digits.utf8.count == count,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self = dropFirst(count)
        return Int64(digits)
    }
}
