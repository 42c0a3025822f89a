import CCurl
import Support

/// The transport's thread: drives all transfers with one multi handle. Everything in here stays on that thread.
final class CurlMultiLoop {
    /// Idle connections that are kept. The jobs talk to a dozen hosts, to few of them in parallel.
    private static let pooledConnections = 64

    private static let longestPoll = Duration.seconds(600)

    private let multi: UnsafeMutableRawPointer
    private let mailbox: CurlMailbox
    private let sockets = CurlSockets()
    private var freezes: FreezeDetector
    private var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    private lazy var caBundle = CABundle.path(given: mailbox.caBundle)

    /// Works until the mailbox is closed; then nothing is left of it.
    static func run(_ mailbox: CurlMailbox) {
        var end = TransferFault(.other, "libcurl could not be started")
        if isLibraryReady, let multi = curl_multi_init() {
            let loop = CurlMultiLoop(multi, mailbox)
            mailbox.setMulti(MultiReference(multi))
            end = loop.work()
            mailbox.setMulti(nil)
            loop.endAll(end)
            // The sockets' callbacks are called in here once more.
            withExtendedLifetime(loop) { _ = curl_multi_cleanup(multi) }
        }
        for order in mailbox.stopTaking() { order.fail(end.reason, end.detail) }
    }

    private init(_ multi: UnsafeMutableRawPointer, _ mailbox: CurlMailbox) {
        self.multi = multi
        self.mailbox = mailbox
        freezes = FreezeDetector(clock: mailbox.clock)
        curl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, CurlMultiLoop.pooledConnections)
    }

    /// Returns why it ended.
    private func work() -> TransferFault {
        while true {
            let contents = mailbox.take()
            if contents.isClosing { return TransferFault(.cancelled, "the transport was shut down") }
            noticeFreeze()
            for order in contents.orders { start(order) }
            for ticket in contents.cancelled { cancel(ticket) }
            for ticket in contents.resumed { resume(ticket) }

            var running: Int32 = 0
            guard curl_multi_perform(multi, &running) == CURLM_OK else {
                return TransferFault(.other, "libcurl failed")
            }
            finishDone()
            let pause = endSilent()
            guard curl_multi_poll(multi, nil, 0, Int32(clamping: pause.milliseconds + 1), nil) == CURLM_OK else {
                return TransferFault(.other, "libcurl failed")
            }
        }
    }

    private func start(_ order: TransferOrder) {
        if order.ticket.isCancelled {
            order.fail(.cancelled, "the task was cancelled before the request was sent")
            return
        }
        let settings = CurlTransfer.Settings(
            caBundle: caBundle,
            sockets: sockets,
            trustsCachedNames: !freezes.isRecent
        )
        do {
            let transfer = try CurlTransfer(order, settings) { [mailbox, ticket = order.ticket] in
                mailbox.resume(ticket)
            }
            transfers[ObjectIdentifier(order.ticket)] = transfer
            guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                end(transfer, .failure(TransferFault(.other, "libcurl took no more transfers")))
                return
            }
        } catch {
            order.fail(error.reason, error.detail)
        }
    }

    private func resume(_ ticket: TransferTicket) {
        guard let transfer = transfers[ObjectIdentifier(ticket)], !transfer.resume() else { return }
        end(transfer, .failure(transfer.fault ?? TransferFault(.other, "libcurl could not go on after a pause")))
    }

    private func cancel(_ ticket: TransferTicket) {
        guard let transfer = transfers[ObjectIdentifier(ticket)] else { return }
        end(transfer, .failure(TransferFault(.cancelled, "the task was cancelled")))
    }

    /// Takes out what libcurl says is finished.
    private func finishDone() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let transfer = CurlTransfer.of(easy)
            else { continue }
            // The message does not outlive the handle's time in the multi handle.
            let code = curl_message_result(message)
            if transfer.mayBeSentAgain(after: code) {
                curl_multi_remove_handle(multi, easy)
                transfer.prepareToSendAgain()
                if curl_multi_add_handle(multi, easy) == CURLM_OK { continue }
            }
            end(transfer, transfer.outcome(code))
        }
    }

    /// Ends the transfers whose idle limit has run out; returns how long none can run out.
    ///
    /// libcurl's own watch (CURLOPT_LOW_SPEED_TIME) counts whole seconds.
    private func endSilent() -> Duration {
        let now = SuspendingClock.now
        var pause = CurlMultiLoop.longestPoll
        for transfer in transfers.values {
            guard let left = transfer.idleLeft(at: now) else { continue }
            if left > .zero {
                pause = min(pause, left)
            } else {
                end(transfer, .failure(transfer.idleFault))
            }
        }
        return pause
    }

    private func noticeFreeze() {
        guard freezes.hasFrozen() else { return }
        sockets.shutDown(exceptFrom: Set(transfers.values.compactMap(\.localPort)))
    }

    private func endAll(_ fault: TransferFault) {
        for transfer in transfers.values { end(transfer, .failure(fault)) }
    }

    /// Takes a transfer out and tells its caller. One in the middle of its answer loses its connection.
    private func end(_ transfer: CurlTransfer, _ outcome: Result<HTTPResponse, TransferFault>) {
        transfers[ObjectIdentifier(transfer.order.ticket)] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.end(outcome)
    }
}

/// Once in the life of the program, and never undone. It takes 0.3 to 0.8 ms, most of it OpenSSL's.
private let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
