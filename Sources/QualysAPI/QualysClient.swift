package import HTTPTransport
import Logging
package import Support
package import Telemetry

/// Calls Qualys: signs in, keeps to the limits, tells errors in all their forms from answers, and tries again what may
/// pass, all within the deadline.
package struct QualysClient: Sendable {
    /// What both sides may send at most while we wait: large answers are prepared for minutes, with comments now and then.
    private static let idle = Duration.seconds(300)

    /// Refusals for a limit that one call lives through; each has its own wait.
    private static let refusals = 60

    let http: HTTPClient
    let sessions: QualysSessions
    private(set) var pacers: Pacers
    let clock: WallClock
    let random: @Sendable () -> Double

    /// The pause after a failure, and after a refusal for which the server named no time. Qualys's own samples wait 30 s
    /// for a running call to finish.
    let backoff: Backoff

    /// Who is told of every request.
    var observer: CallObserver?

    /// - Parameters:
    ///   - workers: The most calls of one API at a time; the server may allow fewer.
    package init(
        sessions: QualysSessions,
        http: HTTPClient,
        workers: Int,
        clock: WallClock = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        backoff: Backoff = Backoff(base: .seconds(2), ceiling: .seconds(30))
    ) {
        self.sessions = sessions
        self.http = http
        self.pacers = Pacers(workers: workers, clock: clock)
        self.clock = clock
        self.random = random
        self.backoff = backoff
    }

    /// The address of the API: where the sign-in belongs, and nowhere else.
    package func apiURL(_ context: CallContext) async throws(QualysError) -> String {
        try await sessions.session(for: .about, context).account.apiURL
    }

    /// The same client with limits of its own, for other numbers of calls at a time.
    package func limited(to workers: Int, _ ofAPI: [QualysCall.API: Int] = [:]) -> QualysClient {
        var client = self
        client.pacers = Pacers(workers: workers, ofAPI: ofAPI, clock: clock)
        return client
    }

    /// Takes the limit on calls at a time that the last answer of one API named for another, which has not been called
    /// yet: it is the subscription's, unless its owner had it changed. The other's own answers count as soon as they come.
    ///
    /// - Returns: The limit, when it is known.
    @discardableResult
    package func expect(_ api: QualysCall.API, asIn known: QualysCall.API) async -> Int? {
        guard let concurrency = await pacers.pacer(of: known).told else { return nil }
        await pacers.pacer(of: api).expect(concurrency)
        return concurrency
    }

    /// Makes a call until it brings a proper answer, fails for good, or the deadline comes.
    ///
    /// - Parameter receive: Makes what takes the body, anew for each attempt.
    package func send<Body: Sendable>(
        _ call: QualysCall,
        _ context: CallContext,
        receive: @Sendable () -> AnswerReceiver<Body>
    ) async throws(QualysError) -> Body {
        var failures = 0
        var refusals = 0
        var renewals = 0
        while true {
            let pacer = await pacers.pacer(of: call.api)
            try await begin(call, pacer, context)
            let failed: FailedAttempt
            switch await attempt(call, context, receive(), pacer) {
            case .success(let body): return body
            case .failure(let failure): failed = failure
            }
            let error = failed.error
            context.log.debug(
                "A call of Qualys failed",
                error: error,
                metadata: ["attempt": "\(failures + refusals + 1)"]
            )
            switch failed.verdict {
            case .limited(let wait):
                refusals += 1
                // What the server named, or a pause of our own; never a call right after it, which would count too.
                let own = Duration.seconds(1) + backoff.pause(afterAttempt: refusals, random: random())
                await pacer.pause(wait.map { $0 + .milliseconds(Int64(random() * 250)) } ?? own)
                guard refusals < Self.refusals else { throw error }
            case .passing:
                failures += 1
                let pause = backoff.pause(afterAttempt: failures, random: random())
                guard failures < call.attempts, pause < context.deadline.remaining(at: clock.now()) else { throw error }
                guard (try? await clock.sleep(pause)) != nil else { throw cancelled(call) }
            case .final:
                // A token that ran out, or a password that was changed: both look like a refused sign-in.
                guard error.kind == .signIn, renewals == 0, let used = failed.session,
                    await sessions.renew(used, context)
                else { throw error }
                renewals += 1
            }
        }
    }

    private func begin(_ call: QualysCall, _ pacer: Pacer, _ context: CallContext) async throws(QualysError) {
        guard !Task.isCancelled else { throw cancelled(call) }
        let wait: Duration?
        do {
            wait = try await pacer.begin(until: context.deadline)
        } catch {
            throw cancelled(call)
        }
        if let wait {
            throw QualysError(
                .limit,
                call: call.name,
                message: "The next call is allowed in \(wait.components.seconds) s, which is after the deadline."
            )
        }
        guard !context.deadline.hasPassed(at: clock.now()) else {
            await pacer.finish(LimitHeaders(), isAnswer: false)
            throw QualysError(.deadline, call: call.name, message: "The deadline has passed.")
        }
    }

    private func cancelled(_ call: QualysCall) -> QualysError {
        QualysError(.cancelled, call: call.name, message: "The work was cancelled.")
    }

    private enum Attempt<Body: Sendable> {
        case success(Body)
        case failure(FailedAttempt)

        var error: QualysError? {
            if case .failure(let failed) = self { failed.error } else { nil }
        }
    }

    private struct FailedAttempt {
        let error: QualysError
        let verdict: AnswerVerdict
        var session: QualysSession?
    }

    /// Makes the call once, and gives the pacer back what `begin` took as soon as the server is done with it: what is in
    /// the answer is looked at while the next call is on its way.
    private func attempt<Body: Sendable>(
        _ call: QualysCall,
        _ context: CallContext,
        _ receiver: AnswerReceiver<Body>,
        _ pacer: Pacer
    ) async -> Attempt<Body> {
        let session: QualysSession
        do {
            session = try await sessions.session(for: call.api, context)
        } catch {
            await pacer.finish(LimitHeaders(), isAnswer: false)
            let verdict: AnswerVerdict = error.kind == .unavailable ? .passing(error.kind) : .final(error.kind)
            return .failure(FailedAttempt(error: error, verdict: verdict))
        }
        let request = request(call, session, within: context.deadline.remaining(at: clock.now()))
        let number = observer?.nextNumber() ?? 0
        let started = clock.now()
        let sink = CountedSink(receiver.sink)
        // Reads while the answer comes, and may end later than that; the end of the transfer ends it in any case.
        let reading = Task { await receiver.read() }
        let result: Result<HTTPResponse, HTTPError>
        do {
            result = .success(try await http.send(request, sink.sink))
        } catch {
            result = .failure(error)
        }
        let ended = clock.now()
        let turn = await giveBack(result, call, session, pacer)
        await reading.value
        let attempt = outcome(of: result, call, receiver, session, turn)
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
    ) async -> FailedAttempt? {
        guard case .success(let response) = result else {
            await pacer.finish(LimitHeaders(), isAnswer: false)
            return nil
        }
        var limits = LimitHeaders(response.headers)
        guard !response.isSuccess || response.status == 202 else {
            await pacer.finish(limits, isAnswer: true)
            return nil
        }
        let failed = judge(.error(response.body), call, session, status: response.status, told: limits.wait)
        // Before anybody else gets the turn.
        if case .limited(let wait) = failed.verdict { limits.wait = wait ?? .seconds(1) }
        await pacer.finish(limits, isAnswer: true)
        return failed
    }

    private func outcome<Body: Sendable>(
        of result: Result<HTTPResponse, HTTPError>,
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
            let failure = QualysError(.unavailable, call: call.name, message: error.description)
            let mayPass = error.mayPass || error.reason == .sink
            let verdict: AnswerVerdict = mayPass ? .passing(.unavailable) : .final(.unavailable)
            return .failure(FailedAttempt(error: failure, verdict: verdict))
        case .success(let response):
            do throws(AnswerFault) {
                return .success(try receiver.finish(response))
            } catch {
                let wait = LimitHeaders(response.headers).wait
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
        case .unusable(let why):
            let error = QualysError(.unreadable, call: call.name, message: why)
            return FailedAttempt(error: error, verdict: .final(.unreadable), session: session)
        }
    }

    private func request(_ call: QualysCall, _ session: QualysSession, within remaining: Duration) -> HTTPRequest {
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
            acceptsCompression: true
        )
    }
}

/// One pacer an API name, made when it is first needed.
actor Pacers {
    private let workers: Int
    private let ofAPI: [QualysCall.API: Int]
    private let clock: WallClock
    private var pacers: [QualysCall.API: Pacer] = [:]

    init(workers: Int, ofAPI: [QualysCall.API: Int] = [:], clock: WallClock) {
        self.workers = workers
        self.ofAPI = ofAPI
        self.clock = clock
    }

    func pacer(of api: QualysCall.API) -> Pacer {
        if let pacer = pacers[api] { return pacer }
        let pacer = Pacer(workers: ofAPI[api] ?? workers, clock: clock)
        pacers[api] = pacer
        return pacer
    }
}
