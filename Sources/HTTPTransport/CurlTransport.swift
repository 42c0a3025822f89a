package import Support
import Synchronization

/// The live transport: libcurl's multi interface on a thread of its own, with an async front.
///
///     caller's task          CurlMailbox            the thread (CurlMultiLoop)
///     send ----- order ----> queue --- wake up ---> adds a CurlTransfer to the multi handle
///     (suspended)                                   drives all of them with curl_multi_poll
///     resumed <------------- continuation --------- takes the finished one out
///
/// Nothing happens before the first request, or `warmUp`. The transport is shared by all of the program, so that its
/// connections are.
package final class CurlTransport: Sendable {
    private let mailbox: CurlMailbox

    /// - Parameters:
    ///   - caBundle: a PEM file of the authorities to trust, instead of the one in `AWS_CA_BUNDLE`, `CURL_CA_BUNDLE` or
    ///     `SSL_CERT_FILE`, and of the system's.
    ///   - clock: tells that the machine was frozen, and pooled connections may be dead.
    package init(caBundle: String? = nil, clock: WallClock = .system) {
        mailbox = CurlMailbox(caBundle: caBundle, clock: clock)
    }

    deinit {
        mailbox.close()
    }

    /// Has libcurl and OpenSSL start, which takes them a third of a millisecond, while the caller does something else.
    package func warmUp() {
        mailbox.wake()
    }

    /// The transport as a value; it keeps the transport alive.
    package var client: HTTPClient {
        HTTPClient { request, sink async throws(HTTPError) in try await self.send(request, into: sink) }
    }

    /// Sends a request and waits for the whole answer: see `HTTPClient.send`.
    package func send(_ request: HTTPRequest, into sink: HTTPBodySink) async throws(HTTPError) -> HTTPResponse {
        // Whatever comes of it, the reader of the body hears of its end.
        var isWhole = false
        defer { if case .channel(let channel) = sink { channel.finish(isWhole: isWhole) } }
        let origin = try request.checked()
        let ticket = TransferTicket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let order = TransferOrder(
                    request: request,
                    origin: origin,
                    sink: sink,
                    ticket: ticket,
                    continuation: continuation
                )
                mailbox.post(order)
            }
        } onCancel: {
            mailbox.cancel(ticket)
        }
        let response = try result.get()
        isWhole = response.isSuccess
        return response
    }

    /// Ends the thread and every transfer in flight, as cancelled; returns when that is done. A request sent afterwards
    /// is cancelled at once.
    package func shutdown() async {
        await mailbox.closeAndWait()
    }
}

/// One request on its way to the transport's thread, with the caller who waits for it.
struct TransferOrder: Sendable {
    let request: HTTPRequest
    let origin: HTTPOrigin
    let sink: HTTPBodySink
    let ticket: TransferTicket
    let continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>

    func fail(_ reason: HTTPError.Reason, _ detail: String) {
        continuation.resume(returning: .failure(HTTPError(reason, origin: origin.description, detail: detail)))
    }
}

/// Names a transfer, and says that its caller wants it no more, even before its order has arrived.
final class TransferTicket: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() { flag.store(true, ordering: .releasing) }
}
