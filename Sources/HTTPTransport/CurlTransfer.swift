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

    /// Whether it waits for the reader of its body.
    var isPaused = false

    /// This end of its connection; nil until that stands.
    var localPort: Int32?

    /// When the last byte moved, or the connection stood.
    var lastMove = SuspendingClock.now

    let started = SuspendingClock.now
    private let errorText = ErrorText()
    private var headerList: UnsafeMutablePointer<curl_slist>?
    var bytesMoved: Int64 = 0

    init(_ order: TransferOrder, _ settings: Settings, resume: @escaping @Sendable () -> Void) throws(TransferFault) {
        self.order = order
        body = try RequestBodySource(order.request.body)
        receiver = ResponseReceiver(order.sink, onHead: order.request.onHead, resume: resume)
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

    /// Goes on after a pause; false when that failed at once.
    func resume() -> Bool {
        guard isPaused else { return true }
        isPaused = false
        lastMove = .now
        // What came last is given once more, within this call or soon after it; that may pause it again.
        return curl_easy_pause(easy, CURLPAUSE_CONT) == CURLE_OK
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

/// The buffer that libcurl explains a failure in.
private final class ErrorText {
    let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init() { buffer.initialize(repeating: 0) }

    deinit { buffer.deallocate() }

    var string: String {
        buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
}
