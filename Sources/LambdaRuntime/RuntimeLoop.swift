import Glibc
package import Logging

/// The loop of a Lambda runtime: next event, handle it, answer or report; and again, until the Runtime API fails.
package struct RuntimeLoop: Sendable {
    private let client: RuntimeClient
    private let log: Logger
    private let setTraceID: @Sendable (String?) -> Void

    /// - Parameter setTraceID: Tells those who trace which event is being handled.
    package init(
        client: RuntimeClient,
        log: Logger,
        setTraceID: @escaping @Sendable (String?) -> Void = exportTraceID
    ) {
        self.client = client
        self.log = log
        self.setTraceID = setTraceID
    }

    /// Never returns but by an error of the Runtime API. What the handler throws ends the invocation, not the loop.
    ///
    /// - Parameter handle: Gets an event and a logger that knows its request id; returns JSON of at most 6 MB.
    package func run(
        _ handle: (Invocation, Logger) async throws -> [UInt8]
    ) async throws(RuntimeError) -> Never {
        while true {
            let invocation = try await client.next()
            setTraceID(invocation.traceID)
            var log = log
            log[metadataKey: "requestId"] = "\(invocation.requestID)"

            var failure: (any Error)?
            var answer: [UInt8] = []
            do {
                answer = try await handle(invocation, log)
            } catch {
                log.error("The invocation failed", error: error)
                failure = error
            }
            let status =
                if let failure {
                    try await client.report(ReportedError(failure), for: invocation.requestID)
                } else {
                    try await client.respond(to: invocation.requestID, answer)
                }
            if !(200..<300).contains(status) {
                log.warning("Lambda did not take what the invocation ended with", metadata: ["status": "\(status)"])
            }
        }
    }

    /// Puts it where the X-Ray SDKs look for it. Nothing of ours runs between two events, so that no other thread reads
    /// the environment meanwhile.
    package static func exportTraceID(_ traceID: String?) {
        if let traceID {
            setenv("_X_AMZN_TRACE_ID", traceID, 1)
        } else {
            unsetenv("_X_AMZN_TRACE_ID")
        }
    }
}
