import CCurl

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

extension CurlMailbox {
    /// A thread of its own and not one of Swift's pool, because it blocks in `curl_multi_poll`. It is detached, and owns
    /// the mailbox until it ends.
    func startThread() -> Bool {
        let mailbox = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runTransportThread, mailbox.toOpaque())
        guard code == 0 else {
            mailbox.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

/// A multi handle as something to wake up.
///
/// Unchecked, because of all that is done with the pointer here, `curl_multi_wakeup` is what libcurl allows from any
/// thread; the mailbox calls it under its lock and forgets it before the handle is freed.
struct MultiReference: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer

    init(_ multi: UnsafeMutableRawPointer) {
        self.multi = multi
    }

    func wakeUp() {
        curl_multi_wakeup(multi)
    }
}

private func runTransportThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let mailbox = Unmanaged<CurlMailbox>.fromOpaque(context).takeRetainedValue()
    // Signals are for the program's other threads. SIGPIPE above all: a write to a lost connection raises it in the
    // thread that writes, and libcurl is told to leave signals alone (CURLOPT_NOSIGNAL).
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    CurlMultiLoop.run(mailbox)
    mailbox.didEnd()
    return nil
}
