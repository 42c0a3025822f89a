package import HTTPTransport
import Logging
package import Support
package import Telemetry

/// Calls Qualys: signs in, keeps to the limits, tells errors in all their forms from answers, and tries again what may
/// pass, all within the deadline.
package struct QualysClient: Sendable {
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
        try await account(context).apiURL
    }

    /// Who signs in, and where.
    package func account(_ context: CallContext) async throws(QualysError) -> QualysAccount {
        try await sessions.session(for: .about, context).account
    }

    /// The same client with limits of its own, for other numbers of calls at a time.
    package func limited(to workers: Int, _ ofAPI: [QualysCall.API: Int] = [:]) -> QualysClient {
        var client = self
        client.pacers = Pacers(workers: workers, ofAPI: ofAPI, clock: clock)
        return client
    }

    /// Calls of an API at a time that its last answer allowed; nil as long as none has named a limit.
    package func concurrency(of api: QualysCall.API) -> Int? {
        pacers.pacer(of: api).told
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
        var down: Timestamp?
        while true {
            let pacer = pacers.pacer(of: call.api)
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
                pacer.pause(wait.map { $0 + .milliseconds(Int64(random() * 250)) } ?? own)
                guard refusals < Self.refusals else { throw error }
            case .passing:
                failures += 1
                let now = clock.now()
                down = error.isOutage ? down ?? now : nil
                let isPatient = down.map { now - $0 < call.patience } ?? false
                if call.patience > .zero, error.isUnanswered, now - pacer.wasUnanswered(at: now) >= call.patience {
                    // All other calls would wait as long, one after the other.
                    throw QualysError(.outage, call: call.name, message: error.message)
                }
                let pause = backoff.pause(afterAttempt: failures, random: random())
                guard failures < call.attempts || isPatient, pause < context.deadline.remaining(at: now) else {
                    throw error
                }
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
            wait = try await pacer.begin(until: context.deadline) { wait in
                context.log.notice(
                    "Qualys accepts the next call later",
                    metadata: ["api": "\(call.api.rawValue)", "seconds": "\(wait.components.seconds)"]
                )
            }
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
            pacer.finish(LimitHeaders(), isAnswer: false)
            throw QualysError(.deadline, call: call.name, message: "The deadline has passed.")
        }
    }

    func cancelled(_ call: QualysCall) -> QualysError {
        QualysError(.cancelled, call: call.name, message: "The work was cancelled.")
    }
}
