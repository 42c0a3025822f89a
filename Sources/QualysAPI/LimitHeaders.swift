import HTTPTransport
import Support

/// What an answer says of the limits of its API. All of it may be missing: only the older APIs tell.
///
/// Qualys API Limits: https://docs.qualys.com/en/vm/qweb-all-api/ "Qualys API limits"
struct LimitHeaders: Sendable, Equatable {
    /// Calls that may be running at the same time.
    var concurrency: Int?

    /// Until the next call is accepted.
    var wait: Duration?

    init(concurrency: Int? = nil, wait: Duration? = nil) {
        self.concurrency = concurrency
        self.wait = wait
    }

    /// - Parameter now: For a time at which the next call is accepted.
    init(_ headers: HTTPHeaders, at now: Timestamp) {
        func number(_ name: String) -> Int64? { headers[name].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } }
        concurrency = number("X-Concurrency-Limit-Limit").map { Int(clamping: $0) }
        // A year is more than any limit; more than that is a slip that must not overflow.
        let longest: Int64 = 366 * 86400
        let moment = headers["Retry-After"].flatMap { Timestamp(httpDate: $0) }.map { $0 - now }
        let seconds = moment.flatMap { $0 > .zero ? ($0.milliseconds + 999) / 1000 : nil }
        let waits = [number("X-RateLimit-ToWait-Sec"), number("Retry-After"), seconds].compactMap { $0 }
        wait = waits.max().map { .seconds(min($0, longest)) }
    }
}

extension Timestamp {
    /// `Wed, 21 Oct 2026 07:28:00 GMT`
    fileprivate init?(httpDate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        self.init(iso8601: "\(parts[3])-\(month < 9 ? "0" : "")\(month + 1)-\(parts[1])T\(parts[4])Z")
    }
}
