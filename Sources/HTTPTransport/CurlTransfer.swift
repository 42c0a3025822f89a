import CCurl
import Support

/// One request in flight: its easy handle, and what the callbacks work on. It lives on the transport's thread.
final class CurlTransfer {
    /// What the loop gives to each.
    struct Settings {
        var caBundle: String?
        var sockets: CurlSockets
        /// False after a freeze: a name is looked up again.
        var trustsCachedNames: Bool
    }

    let order: TransferOrder
    let easy: UnsafeMutableRawPointer
    let body: RequestBodySource
    let receiver: ResponseReceiver

    /// Why a callback ended the transfer: libcurl only says that one did.
    var fault: TransferFault?

    /// Whether the callback for the body has had enough: the answer counts.
    var isCut = false

    /// This end of its connection; nil until that stands.
    var localPort: Int32?

    /// When the last byte moved, or the connection stood.
    var lastMove = SuspendingClock.now

    private let started = SuspendingClock.now
    private let errorText = ErrorText()
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var bytesMoved: Int64 = 0
    private var wasSentAgain = false

    init(_ order: TransferOrder, _ settings: Settings) throws(TransferFault) {
        self.order = order
        body = try RequestBodySource(order.request.body)
        receiver = ResponseReceiver(order.sink)
        guard let easy = curl_easy_init() else { throw TransferFault(.other, "no memory for a transfer") }
        self.easy = easy

        for line in order.request.headerLines {
            guard let longer = curl_slist_append(headerList, line) else {
                throw TransferFault(.other, "no memory for the headers")
            }
            headerList = longer
        }
        var options = CurlOptions(easy)
        options.set(CURLOPT_HTTPHEADER, pointer: headerList)
        options.set(CURLOPT_ERRORBUFFER, pointer: errorText.buffer.baseAddress)
        setOptions(&options, settings)
        if let refused = options.refused { throw TransferFault(.other, "libcurl refused option \(refused.rawValue)") }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
    }

    /// The transfer of a handle that is in flight.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer? {
        var context: UnsafeMutableRawPointer?
        guard curl_easy_getinfo_pointer(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { return nil }
        return CurlTransfer.at(context)
    }

    /// The transfer that a callback is given. The loop keeps it alive while its handle is in use.
    static func at(_ context: UnsafeMutableRawPointer) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }

    /// Frees what the transfer held and tells its caller.
    func end(_ outcome: Result<HTTPResponse, TransferFault>) {
        if case .failure = outcome { receiver.discard() }
        let origin = order.origin.description
        order.continuation.resume(
            returning: outcome.mapError { HTTPError($0.reason, origin: origin, detail: $0.detail) }
        )
    }

    /// What came of it, when libcurl is done.
    func outcome(_ code: CURLcode) -> Result<HTTPResponse, TransferFault> {
        if let fault { return .failure(fault) }
        guard code == CURLE_OK || isCut else { return .failure(libraryFault(code)) }
        do {
            return .success(try receiver.finish())
        } catch {
            return .failure(error)
        }
    }

    private func libraryFault(_ code: CURLcode) -> TransferFault {
        if code == CURLE_OPERATION_TIMEDOUT { return timeoutFault }
        if let status = proxyRefusal { return TransferFault(.connect, "the proxy answered CONNECT with \(status)") }

        let text = errorText.string
        let reason = HTTPError.Reason(code, detail: text)
        var detail = String(cString: curl_easy_strerror(code))
        // libcurl's longer text may hold the address, or a proxy's password; that of a TLS failure has neither.
        if reason == .tls, !text.isEmpty { detail = text }
        var systemError = 0
        if curl_easy_getinfo_long(easy, CURLINFO_OS_ERRNO, &systemError) == CURLE_OK, systemError != 0 {
            detail += " (\(systemErrorText(Int32(clamping: systemError))))"
        }
        return TransferFault(reason, detail)
    }

    /// The status of a proxy that would not connect us.
    private var proxyRefusal: Int? {
        var status = 0
        guard curl_easy_getinfo_long(easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK, status >= 300 else {
            return nil
        }
        return status
    }
}

// MARK: Limits

extension CurlTransfer {
    /// How long it may stay silent from `now` on; nil when there is no limit, or no connection yet.
    func idleLeft(at now: SuspendingClock.Instant) -> Duration? {
        guard let limit = order.request.limits.idle, localPort != nil else { return nil }
        let left = limit - lastMove.duration(to: now)
        if left > .zero { return left }
        // Callbacks don't see how what they gave is sent, bit by bit; libcurl's counters do.
        let moved = bytesInBothDirections
        guard moved != bytesMoved else { return left }
        bytesMoved = moved
        lastMove = now
        return limit
    }

    var idleFault: TransferFault {
        TransferFault(.timeout, "no byte moved for \(seconds(order.request.limits.idle)), the idle limit")
    }

    /// libcurl has one code for its two limits.
    private var timeoutFault: TransferFault {
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

// MARK: Stale connections

extension CurlTransfer {
    /// Whether a pooled connection turned out to be dead while the request was sent over it, so that the server cannot
    /// have had all of it, and it can be sent from the start.
    ///
    /// libcurl does the same on its own when a pooled connection ends before any answer, but not when sending the body
    /// fails (Curl_retry_request is asked in one case only).
    func mayBeSentAgain(after code: CURLcode) -> Bool {
        var connections = 0
        guard code == CURLE_SEND_ERROR, !wasSentAgain, fault == nil, receiver.isUntouched,
            order.request.body.isRepeatable,
            curl_easy_getinfo_long(easy, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK
        else { return false }
        return connections == 0
    }

    /// Makes the handle ready for another start, over a connection of its own, in the time that is left.
    func prepareToSendAgain() {
        wasSentAgain = true
        localPort = nil
        _ = body.rewind(to: 0)
        var options = CurlOptions(easy)
        options.set(CURLOPT_FRESH_CONNECT, true)
        options.set(CURLOPT_TIMEOUT_MS, libraryMilliseconds(totalLeft))
    }
}

/// The buffer that libcurl explains a failure in.
private final class ErrorText {
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init() { buffer.initialize(repeating: 0) }

    deinit { buffer.deallocate() }

    var string: String {
        buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
}
