package import HTTPTransport
package import Support
package import Telemetry

/// What a call is signed in with.
package struct QualysSession: Sendable, Equatable {
    package let account: QualysAccount

    /// The value of `Authorization`.
    let authorization: Redacted

    /// Of the gateway's token, which runs out.
    let isToken: Bool

    /// Takes what signs in out of texts that an answer brought.
    var scrubber: SecretScrubber {
        let credentials = authorization.exposed.split(separator: " ").last.map { Redacted(String($0)) }
        return SecretScrubber(secrets: [account.password, credentials].compactMap { $0 })
    }
}

/// Keeps the account and the gateway's token, and gets new ones when they are refused.
package actor QualysSessions {
    private let http: HTTPClient
    private let clock: WallClock
    private let read: @Sendable (CallContext) async throws -> QualysAccount
    private let forget: @Sendable () async -> Void
    private var account: QualysAccount?
    private var token: Task<Redacted, any Error>?

    /// - Parameters:
    ///   - read: Gets the account: from the secret, or the shell's environment.
    ///   - forget: Tells that what `read` gave was refused: a secret that was changed since is read anew.
    package init(
        http: HTTPClient,
        clock: WallClock = .system,
        read: @escaping @Sendable (CallContext) async throws -> QualysAccount,
        forget: @escaping @Sendable () async -> Void = {}
    ) {
        self.http = http
        self.clock = clock
        self.read = read
        self.forget = forget
    }

    func session(for api: QualysCall.API, _ context: CallContext) async throws(QualysError) -> QualysSession {
        let account = try await currentAccount(api, context)
        guard api == .gateway else {
            return QualysSession(account: account, authorization: Redacted(account.basicAuthorization), isToken: false)
        }
        let token = try await currentToken(account, context)
        return QualysSession(account: account, authorization: Redacted("Bearer \(token.exposed)"), isToken: true)
    }

    /// Gets rid of a refused session.
    ///
    /// - Returns: Whether another attempt makes sense: there is a new token to be had, or the account has changed.
    func renew(_ refused: QualysSession, _ context: CallContext) async -> Bool {
        if refused.isToken {
            if let token, let known = try? await token.value, "Bearer \(known.exposed)" == refused.authorization.exposed
            {
                self.token = nil
            }
            return true
        }
        // Somebody else may have been here already.
        if let account, account != refused.account { return true }
        account = nil
        token = nil
        await forget()
        guard let fresh = try? await currentAccount(.about, context) else { return false }
        return fresh != refused.account
    }

    private func currentAccount(
        _ api: QualysCall.API,
        _ context: CallContext
    ) async throws(QualysError) -> QualysAccount {
        if let account { return account }
        do {
            let fresh = try await read(context)
            try checkAddresses(of: fresh)
            account = fresh
            return fresh
        } catch {
            throw QualysError(.credentials, call: api.rawValue, message: describe(error).description)
        }
    }

    /// All who wait for a token wait for the same one.
    private func currentToken(_ account: QualysAccount, _ context: CallContext) async throws(QualysError) -> Redacted {
        let pending: Task<Redacted, any Error>
        if let token {
            pending = token
        } else {
            let (http, clock) = (http, clock)
            pending = Task {
                try await gatewayToken(account, http: http, within: context.deadline.remaining(at: clock.now()))
            }
            token = pending
        }
        do {
            return try await pending.value
        } catch {
            if token == pending { token = nil }
            throw error as? QualysError
                ?? QualysError(.unavailable, call: "POST /auth", message: describe(error).description)
        }
    }
}

/// Credentials travel there: https, or http on this machine for tests.
private func checkAddresses(of account: QualysAccount) throws(UnsafeAddress) {
    for url in [account.apiURL, account.gatewayURL] {
        guard let origin = HTTPOrigin(of: url),
            origin.scheme == "https" || ["127.0.0.1", "localhost", "[::1]"].contains(origin.host)
        else { throw UnsafeAddress() }
    }
}

private struct UnsafeAddress: Failure {
    let label = "Qualys.Credentials"
    let description =
        "The address of the Qualys API and that of the gateway must begin with https://: the password is sent there."
}

/// Signs in at the gateway. The answer is the token itself, with status 201.
private func gatewayToken(
    _ account: QualysAccount,
    http: HTTPClient,
    within remaining: Duration
) async throws(QualysError) -> Redacted {
    let call = "POST /auth"
    let form = formEncoded([
        (name: "username", value: account.username.exposed),
        (name: "password", value: account.password.exposed),
        (name: "token", value: "true"),
    ])
    let request = HTTPRequest(
        method: "POST",
        url: account.gatewayURL + "/auth",
        headers: [
            "User-Agent": "qualys-lambda-scanner",
            "Content-Type": "application/x-www-form-urlencoded",
        ],
        body: .bytes(Array(form.utf8)),
        limits: HTTPLimits(idle: min(.seconds(60), remaining), total: min(.seconds(120), remaining))
    )
    let response: HTTPResponse
    do {
        response = try await http.send(request, .collect(limit: 64 * 1024))
    } catch {
        throw QualysError(.unavailable, call: call, message: error.description)
    }
    guard response.isSuccess else {
        let message = SecretScrubber(secrets: [account.password])
            .scrub(ErrorBody(response.body).message.utf8, keepingLast: 4096)
        let verdict = AnswerVerdict(status: response.status, code: nil, wait: nil)
        switch verdict {
        case .final(let kind):
            throw QualysError(kind, call: call, status: response.status, message: message)
        case .limited, .passing:
            throw QualysError(.unavailable, call: call, status: response.status, message: message)
        }
    }
    let token = String(decoding: response.body.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
    // RFC 7519: three parts in base64url with dots between them.
    guard token.split(separator: ".", omittingEmptySubsequences: false).count == 3, !token.hasPrefix("{") else {
        throw QualysError(.unreadable, call: call, status: response.status, message: "The answer is not a token.")
    }
    return Redacted(token)
}
