import CCurl
import Support

extension CurlTransfer {
    /// How long it may stay silent from `now` on; nil when there is no limit, no connection yet, or
    /// it is we who make it wait. The loop asks after
    /// each step, so that no byte moves unseen.
    func idleLeft(at now: SuspendingClock.Instant) -> Duration? {
        guard let limit = order.request.limits.idle, localPort != nil, !isPaused else { return nil }
        // Callbacks don't see how what they gave is sent, bit by bit; libcurl's counters do.
        let moved = bytesInBothDirections
        if moved != bytesMoved { (bytesMoved, lastMove) = (moved, now) }
        return limit - lastMove.duration(to: now)
    }

    var idleFault: TransferFault {
        TransferFault(.timeout, "no byte moved for \(seconds(order.request.limits.idle)), the idle limit")
    }

    /// libcurl has one code for its two limits.
    var timeoutFault: TransferFault {
        let limits = order.request.limits
        // It counts whole milliseconds.
        if let left = totalLeft, left < .milliseconds(2) {
            return TransferFault(.timeout, "not complete after \(seconds(limits.total)), the total limit")
        }
        return TransferFault(.timeout, "no connection after \(seconds(limits.connect)), the connect limit")
    }

    /// What is left of the total limit.
    var totalLeft: Duration? {
        order.request.limits.total.map { $0 - started.duration(to: .now) }
    }

    private var bytesInBothDirections: Int64 {
        var (up, down): (curl_off_t, curl_off_t) = (0, 0)
        curl_easy_getinfo_offset(easy, CURLINFO_SIZE_UPLOAD_T, &up)
        curl_easy_getinfo_offset(easy, CURLINFO_SIZE_DOWNLOAD_T, &down)
        return Int64(up) + Int64(down)
    }

    private func seconds(_ limit: Duration?) -> String {
        limit.map { "\($0.inSeconds) s" } ?? "its time"
    }
}
