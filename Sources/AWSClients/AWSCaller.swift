import AWSSigning
package import HTTPTransport
import Hashing
import Logging
package import Support
import Telemetry

/// Makes calls in one region as one principal: signs, sends, tries again, reads errors.
///
/// Each attempt has its own signature, and credentials that were refused as expired are fetched anew once: after an
/// environment was frozen for hours the first attempt may fail, never the call.
package struct AWSCaller: Sendable {
    package let region: String
    package let credentials: CredentialSource
    let endpoints: AWSEndpoints
    private let http: HTTPClient
    private let clock: WallClock
    private let random: @Sendable () -> Double
    private let retries: RetryPolicy

    package init(
        region: String,
        credentials: CredentialSource,
        endpoints: AWSEndpoints,
        http: HTTPClient,
        clock: WallClock = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        retries: RetryPolicy = RetryPolicy(attempts: 8)
    ) {
        self.region = region
        self.credentials = credentials
        self.endpoints = endpoints
        self.http = http
        self.clock = clock
        self.random = random
        self.retries = retries
    }

    /// The same in another region.
    package func inRegion(_ region: String) -> AWSCaller {
        AWSCaller(copying: self, region: region, credentials: credentials)
    }

    /// The same in the region that an ARN names, where its resource is reached.
    package func inRegion(ofARN arn: String) -> AWSCaller {
        inRegion(arn.split(separator: ":").dropFirst(3).first.map(String.init) ?? region)
    }

    /// The same as another principal.
    package func signing(with credentials: CredentialSource) -> AWSCaller {
        AWSCaller(copying: self, region: region, credentials: credentials)
    }

    private init(copying caller: AWSCaller, region: String, credentials: CredentialSource) {
        self.init(
            region: region,
            credentials: credentials,
            endpoints: caller.endpoints,
            http: caller.http,
            clock: caller.clock,
            random: caller.random,
            retries: caller.retries
        )
    }

    /// Sends the call until it succeeds, fails for good, or the deadline passes.
    ///
    /// - Parameter fault: The error that a success holds, of a call that answers 200 before it is done.
    /// - Returns: The answer, whose status is 2xx.
    func send(
        _ request: AWSRequest,
        _ context: CallContext,
        fault: (HTTPResponse) -> AWSError? = { _ in nil }
    ) async throws(AWSError) -> HTTPResponse {
        do {
            return try await retrying(
                retries,
                until: context.deadline,
                clock: clock,
                random: random,
                verdict: { (failure: Attempt) in failure.verdict },
                attempt: { (number: Int) async throws(Attempt) -> HTTPResponse in
                    try await logged(request, number, context, fault)
                }
            )
        } catch {
            throw error.error
        }
    }

    private func logged(
        _ request: AWSRequest,
        _ number: Int,
        _ context: CallContext,
        _ fault: (HTTPResponse) -> AWSError?
    ) async throws(Attempt) -> HTTPResponse {
        do {
            return try await attempt(request, context, fault)
        } catch {
            context.log.debug(
                "A call to AWS failed",
                error: error.error,
                metadata: ["call": "\(request.service.rawValue) \(request.action)", "attempt": "\(number)"]
            )
            throw error
        }
    }

    /// A failed attempt, with what to do about it.
    private struct Attempt: Error {
        let error: AWSError
        let verdict: RetryPolicy.Verdict
    }

    private func attempt(
        _ request: AWSRequest,
        _ context: CallContext,
        _ fault: (HTTPResponse) -> AWSError?
    ) async throws(Attempt) -> HTTPResponse {
        func fail(_ error: AWSError, _ verdict: RetryPolicy.Verdict) -> Attempt {
            Attempt(error: error, verdict: verdict)
        }
        let now = clock.now()
        let remaining = context.deadline.remaining(at: now)
        guard remaining > .zero else {
            let error = AWSError(
                service: request.service,
                action: request.action,
                status: 0,
                code: "Deadline.Passed",
                message: "There was no time left to make the call."
            )
            throw fail(error, .final)
        }
        let credentials: AWSCredentials
        do {
            credentials = try await self.credentials.get(context)
        } catch {
            throw fail(AWSError(error, service: request.service, action: request.action), .final)
        }
        let signed = sign(request, with: credentials, at: now, within: remaining)
        let response: HTTPResponse
        do {
            response = try await http.send(signed, request.sink)
        } catch {
            let verdict: RetryPolicy.Verdict = error.mayPass ? .retryable(serverWait: nil) : .final
            throw fail(AWSError(error, service: request.service, action: request.action), verdict)
        }
        let found =
            response.isSuccess
            ? fault(response) : AWSError(response, service: request.service, action: request.action)
        guard let error = found else { return response }

        if error.saysCredentialsExpired {
            let hasFresh = await self.credentials.forget(credentials)
            throw fail(error, hasFresh ? .retryable(serverWait: nil) : .final)
        }
        throw fail(error, error.mayPass ? .retryable(serverWait: response.retryAfter) : .final)
    }

    private func sign(
        _ request: AWSRequest,
        with credentials: AWSCredentials,
        at now: Timestamp,
        within remaining: Duration
    ) -> HTTPRequest {
        let origin = request.origin ?? endpoints.url(of: request.service, region: region)
        let address = AWSAddress(origin)
        let path = address.basePath + request.path
        let (body, payloadHash): (HTTPRequestBody, String) =
            switch request.body {
            case .bytes(let bytes): (.bytes(bytes), hexText(SHA256.digest(bytes)))
            case .file(let path, let count, let hash): (.file(path: path, offset: 0, count: count), hash)
            }
        let signer = Signer(credentials: credentials, region: region, service: request.service.signingName)
        let toSign = RequestToSign(
            method: request.method,
            path: path,
            query: request.query,
            headers: request.headers + [(name: "Host", value: address.host)],
            payloadHash: payloadHash
        )
        var headers: HTTPHeaders = ["User-Agent": "qualys-lambda-scanner"]
        for header in request.headers + signer.headers(for: toSign, at: now) {
            headers.add(header.name, header.value)
        }
        return HTTPRequest(
            method: request.method,
            url: address.origin + path + (request.query.isEmpty ? "" : "?\(request.query)"),
            headers: headers,
            body: body,
            limits: HTTPLimits(connect: min(.seconds(5), remaining), idle: .seconds(15), total: remaining)
        )
    }
}

extension HTTPResponse {
    /// How long the server asks to wait: `x-amz-retry-after` (milliseconds) or `Retry-After` (seconds).
    fileprivate var retryAfter: Duration? {
        if let milliseconds = headers["x-amz-retry-after"].flatMap({ Int64($0) }), milliseconds >= 0 {
            return .milliseconds(milliseconds)
        }
        return headers["Retry-After"].flatMap { Int64($0) }.map { .seconds(max(0, $0)) }
    }
}
