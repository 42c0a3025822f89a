import CCurl
import Support

extension CurlTransfer {
    /// A connection that was idle for longer is not used again: load balancers drop theirs after a minute, without a
    /// word to some networks.
    private static let oldestIdleConnection = 50

    /// A body up to this leaves in one piece with the head, when libcurl has it (MAX_INITIAL_POST_SIZE): a call to AWS is
    /// one packet, not two.
    private static let longestWithHead = 64 * 1024 - 1

    func setOptions(_ options: inout CurlOptions, _ settings: Settings) {
        let request = order.request
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.set(CURLOPT_PRIVATE, pointer: context)
        setCallbacks(&options, context)
        settings.sockets.attach(to: &options)

        options.set(CURLOPT_URL, request.url)
        options.set(CURLOPT_PATH_AS_IS, true)
        options.set(CURLOPT_DISALLOW_USERNAME_IN_URL, true)
        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Each transfer has its connection for itself: to cancel one is to close one, and one that is lost fails one.
        // The services called here gain nothing from HTTP/2.
        options.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        // A redirect is an answer. Whether its target may have the credentials is the caller's to say.
        options.set(CURLOPT_FOLLOWLOCATION, false)
        if request.compression != .refused { options.set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        if request.compression == .asSent { options.set(CURLOPT_HTTP_CONTENT_DECODING, false) }
        if !request.usesProxy { options.set(CURLOPT_PROXY, "") }
        // Headers of a CONNECT are between libcurl and the proxy.
        options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        setMethod(&options)
        setTrust(&options, settings)
        setConnection(&options, settings)
    }

    private func setMethod(_ options: inout CurlOptions) {
        let request = order.request
        if case .bytes(let bytes) = request.body, (1...CurlTransfer.longestWithHead).contains(bytes.count) {
            options.set(CURLOPT_POST, true)
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
            options.set(CURLOPT_POSTFIELDSIZE, bytes.count)
            options.setCopy(CURLOPT_COPYPOSTFIELDS, bytes)
        } else if request.sendsBody {
            // "Upload" is libcurl's word for any request whose body comes from the read callback.
            options.set(CURLOPT_UPLOAD, true)
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
            // -1 is a length not known: the body is chunked.
            options.set(CURLOPT_INFILESIZE_LARGE, offset: request.body.length ?? -1)
        } else if request.method == "HEAD" {
            options.set(CURLOPT_NOBODY, true)
        } else if request.method != "GET" {
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func setTrust(_ options: inout CurlOptions, _ settings: Settings) {
        options.set(CURLOPT_SSL_VERIFYPEER, true)
        options.set(CURLOPT_SSL_VERIFYHOST, 2)
        options.set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        guard let bundle = settings.caBundle else { return }
        options.set(CURLOPT_CAINFO, bundle)
        // A proxy may speak TLS too, also for an address of plain http.
        options.set(CURLOPT_PROXY_CAINFO, bundle)
        // Only what comes from a file alone is kept between connections (CURLOPT_CA_CACHE_TIMEOUT), and to read it
        // takes 30 ms. The folder that Debian builds in would also add to an own bundle.
        options.set(CURLOPT_CAPATH, nil as String?)
        options.set(CURLOPT_PROXY_CAPATH, nil as String?)
    }

    private func setConnection(_ options: inout CurlOptions, _ settings: Settings) {
        let limits = order.request.limits
        options.set(CURLOPT_CONNECTTIMEOUT_MS, libraryMilliseconds(limits.connect))
        options.set(CURLOPT_TIMEOUT_MS, libraryMilliseconds(limits.total))
        options.set(CURLOPT_NOSIGNAL, true)
        // Or the end of a transfer would wait for its name look-up, and all others with it.
        options.set(CURLOPT_QUICK_EXIT, true)
        options.set(CURLOPT_TCP_KEEPALIVE, true)
        options.set(CURLOPT_TCP_KEEPIDLE, 30)
        options.set(CURLOPT_TCP_KEEPINTVL, 15)
        options.set(CURLOPT_MAXAGE_CONN, CurlTransfer.oldestIdleConnection)
        options.set(CURLOPT_BUFFERSIZE, receiveBuffer)
        if !settings.trustsCachedNames { options.set(CURLOPT_DNS_CACHE_TIMEOUT, 0) }
        // A pooled connection may be dead, and this body can be sent but once.
        if !order.request.body.isRepeatable { options.set(CURLOPT_FRESH_CONNECT, true) }
    }

    /// What is read at a time. While a transfer is paused, libcurl keeps all that one buffer unpacks to, which can be a
    /// thousand times as much (CURLOPT_WRITEFUNCTION).
    private var receiveBuffer: Int {
        if case .channel = order.sink, order.request.compression == .unpacked { return 16 * 1024 }
        return 64 * 1024
    }
}

/// A limit as libcurl takes it: 0 is none to it, and the longest 24 days.
func libraryMilliseconds(_ limit: Duration?) -> Int {
    guard let limit else { return 0 }
    return Int(min(max(limit.milliseconds, 1), Int64(Int32.max)))
}
