import CCurl
import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Why a callback ended a transfer: an `HTTPError` that does not know its origin yet.
struct TransferFault: Error {
    let reason: HTTPError.Reason
    let detail: String

    init(_ reason: HTTPError.Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    /// A system call that failed, with the text of `errno`.
    static func system(_ call: String, errno code: Int32) -> TransferFault {
        TransferFault(.sink, "\(call): \(systemErrorText(code))")
    }
}

extension HTTPError.Reason {
    /// What a result of libcurl means. `detail` is the text of CURLOPT_ERRORBUFFER.
    init(_ code: CURLcode, detail: String) {
        switch code {
        case CURLE_URL_MALFORMAT:
            self = .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self = .resolve
        case CURLE_COULDNT_CONNECT, CURLE_PROXY:
            self = .connect
        case CURLE_OPERATION_TIMEDOUT:
            self = .timeout
        case CURLE_SSL_CONNECT_ERROR where isLostHandshake(detail):
            self = .connect
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            self = .tls
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND,
            CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_SSL_SHUTDOWN_FAILED:
            self = .dropped
        default:
            self = .other
        }
    }
}

/// Whether TLS ended because the connection was lost in the middle of its handshake, as a busy load balancer does it:
/// that may pass, and says nothing of trust. libcurl has one code for both.
private func isLostHandshake(_ detail: String) -> Bool {
    let signs = ["SSL_ERROR_SYSCALL", "Connection reset by peer", "Broken pipe", "unexpected eof while reading"]
    return signs.contains { detail.contains(text: $0) }
}
