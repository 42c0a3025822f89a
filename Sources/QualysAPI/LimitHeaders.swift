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

    init(_ headers: HTTPHeaders) {
        func number(_ name: String) -> Int64? { headers[name].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil } }
        concurrency = number("X-Concurrency-Limit-Limit").map { Int(clamping: $0) }
        // A year is more than any limit; more than that is a slip that must not overflow.
        let longest: Int64 = 366 * 86400
        let waits = [number("X-RateLimit-ToWait-Sec"), number("Retry-After")].compactMap { $0 }
        wait = waits.max().map { .seconds(min($0, longest)) }
    }
}
