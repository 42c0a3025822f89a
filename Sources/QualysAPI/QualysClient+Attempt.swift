import Compression
import HTTPTransport
import Logging
import Support
import Synchronization
import Telemetry

// One attempt at a call: the request, the answer, and what is to be made of it.

extension QualysClient {
    /// What both sides may send at most while we wait: large answers are prepared for minutes, with comments now and then.
    private static let idle = Duration.seconds(300)

    enum Attempt<Body: Sendable> {
        case success(Body)
        case failure(FailedAttempt)

        var error: QualysError? {
            if case .failure(let failed) = self { failed.error } else { nil }
        }
    }

    struct FailedAttempt {
        let error: QualysError
        let verdict: AnswerVerdict
        var session: QualysSession?
    }

    /// Makes the call once, and gives the pacer back what `begin` took as soon as the server is done with it: what is in
    /// the answer is looked at while the next call is on its way.
    func attempt<Body: Sendable>(
        _ call: QualysCall,
        _ context: CallContext,
        _ receiver: AnswerReceiver<Body>,
        _ pacer: Pacer
    ) async -> Attempt<Body> {
        let session: QualysSession
        do {
            session = try await sessions.session(for: call.api, context)
        } catch {
            pacer.finish(LimitHeaders(), isAnswer: false)
            let verdict: AnswerVerdict = error.kind == .unavailable ? .passing(error.kind) : .final(error.kind)
            return .failure(FailedAttempt(error: error, verdict: verdict))
        }
        let remaining = context.deadline.remaining(at: clock.now())
        var request = request(call, session, receiver.compression, within: remaining)
        let status = HeadStatus()
        request.onHead = { [clock] head in
            status.value.store(head.status, ordering: .relaxed)
            // A refusal is judged by its body, too.
            if head.isSuccess, head.status != 202 { pacer.learn(LimitHeaders(head.headers, at: clock.now())) }
        }
        let number = observer?.nextNumber() ?? 0
        let started = clock.now()
        let sink = CountedSink(receiver.sink)
        // Reads while the answer comes, and may end later than that; the end of the transfer ends it in any case. Below
        // those whose answer is there: their turn is over, and the next call could be on its way.
        let reading = Task(priority: .utility) { await receiver.read() }
        let result: Result<HTTPResponse, HTTPError>
        do {
            result = .success(try await http.send(request, sink.sink))
        } catch {
            result = .failure(error)
        }
        let ended = clock.now()
        let turn = giveBack(result, call, session, pacer)
        await reading.value
        let begun = status.value.load(ordering: .relaxed)
        let attempt = outcome(of: result, begun: begun, call, receiver, session, turn)
        observer?.note(
            CallRecord(
                number: number,
                call: call,
                status: (try? result.get().status) ?? 0,
                seconds: Double((ended - started).milliseconds) / 1000,
                bytes: sink.byteCount(try? result.get()),
                error: attempt.error
            )
        )
        return attempt
    }

    /// Gives the pacer back what `begin` took.
    ///
    /// - Returns: What is wrong, when the answer itself says so.
    private func giveBack(
        _ result: Result<HTTPResponse, HTTPError>,
        _ call: QualysCall,
        _ session: QualysSession,
        _ pacer: Pacer
    ) -> FailedAttempt? {
        guard case .success(let response) = result else {
            pacer.finish(LimitHeaders(), isAnswer: false)
            return nil
        }
        var limits = LimitHeaders(response.headers, at: clock.now())
        guard !response.isSuccess || response.status == 202 else {
            // What its head told is known since then: a waiting time has passed in part, and another answer may know better.
            pacer.finish(limits.concurrency == nil ? limits : LimitHeaders(), isAnswer: true)
            return nil
        }
        let failed = judge(.error(plainBody(of: response)), call, session, status: response.status, told: limits.wait)
        // Before anybody else gets the turn.
        if case .limited(let wait) = failed.verdict { limits.wait = wait ?? .seconds(1) }
        pacer.finish(limits, isAnswer: true, isRefused: failed.verdict == .limited(wait: nil))
        return failed
    }

    /// - Parameter begun: The status of the answer that had begun to come; 0 when there was none.
    private func outcome<Body: Sendable>(
        of result: Result<HTTPResponse, HTTPError>,
        begun: Int,
        _ call: QualysCall,
        _ receiver: AnswerReceiver<Body>,
        _ session: QualysSession,
        _ failed: FailedAttempt?
    ) -> Attempt<Body> {
        if let failed { return .failure(failed) }
        switch result {
        case .failure(let error):
            if error.reason == .cancelled {
                return .failure(FailedAttempt(error: cancelled(call), verdict: .final(.cancelled)))
            }
            if error.reason == .sink, let fault = receiver.fault() {
                return .failure(judge(fault, call, session, status: 200))
            }
            let failure = QualysError(.unavailable, call: call.name, status: begun, message: error.description)
            let mayPass = error.mayPass || error.reason == .sink
            let verdict: AnswerVerdict = mayPass ? .passing(.unavailable) : .final(.unavailable)
            return .failure(FailedAttempt(error: failure, verdict: verdict))
        case .success(let response):
            do throws(AnswerFault) {
                return .success(try receiver.finish(response))
            } catch {
                let wait = LimitHeaders(response.headers, at: clock.now()).wait
                return .failure(judge(error, call, session, status: response.status, told: wait))
            }
        }
    }

    private func judge(
        _ fault: AnswerFault,
        _ call: QualysCall,
        _ session: QualysSession,
        status: Int,
        told wait: Duration? = nil
    ) -> FailedAttempt {
        switch fault {
        case .error(let bytes):
            let body = ErrorBody(bytes)
            let wait = [wait, body.wait].compactMap { $0 }.max()
            let verdict = AnswerVerdict(status: status, code: body.code, wait: wait)
            let kind: QualysError.Kind =
                switch verdict {
                case .limited: .limit
                case .passing(let kind), .final(let kind): kind
                }
            // A proxy's error page may show the request with its headers.
            let message = session.scrubber.scrub(body.message.utf8, keepingLast: 4096)
            let error = QualysError(kind, call: call.name, status: status, code: body.code, message: message)
            return FailedAttempt(error: error, verdict: verdict, session: session)
        case .unreadable(let why):
            let error = QualysError(.unreadable, call: call.name, message: why)
            return FailedAttempt(error: error, verdict: .passing(.unreadable), session: session)
        case .unkept(let why):
            let error = QualysError(.unkept, call: call.name, message: why)
            return FailedAttempt(error: error, verdict: .final(.unkept), session: session)
        case .unusable(let why):
            let error = QualysError(.unreadable, call: call.name, message: why)
            return FailedAttempt(error: error, verdict: .final(.unreadable), session: session)
        }
    }

    private func request(
        _ call: QualysCall,
        _ session: QualysSession,
        _ compression: HTTPCompression,
        within remaining: Duration
    ) -> HTTPRequest {
        let base = call.api == .gateway ? session.account.gatewayURL : session.account.apiURL
        let query = call.query.isEmpty ? "" : "?" + formEncoded(call.query)
        var headers: HTTPHeaders = [
            "User-Agent": "qualys-lambda-scanner",
            // Without it the older APIs refuse every call.
            "X-Requested-With": "qualys-lambda-scanner",
            "Authorization": session.authorization.exposed,
        ]
        if let accept = call.accept { headers["Accept"] = accept }
        let body: HTTPRequestBody
        switch call.body {
        case .none:
            body = .none
        case .form(let fields):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = .bytes(Array(formEncoded(fields).utf8))
        case .json(let bytes):
            headers["Content-Type"] = "application/json"
            body = .bytes(bytes)
        case .xml(let bytes):
            headers["Content-Type"] = "text/xml"
            body = .bytes(bytes)
        }
        return HTTPRequest(
            method: call.method,
            url: base + call.path + query,
            headers: headers,
            body: body,
            limits: HTTPLimits(
                connect: min(.seconds(15), remaining),
                idle: min(Self.idle, remaining),
                total: remaining
            ),
            compression: compression
        )
    }
}

private final class HeadStatus: Sendable {
    let value = Atomic(0)
}

/// The body of an answer that is no success: where answers come as they were sent, this one may be compressed, too. Of one
/// that was cut as much as there is.
private func plainBody(of response: HTTPResponse) -> [UInt8] {
    guard response.body.starts(with: GzipReader.magic) else { return response.body }
    var body: [UInt8] = []
    try? GzipReader(limit: 64 << 10).read(response.body) { body += $0 }
    return body
}
