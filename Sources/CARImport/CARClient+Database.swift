import JSONStream
import Support
package import Telemetry

/// Whether the database is ready, and jobs, which CAR does after it has answered.
extension CARClient {
    /// Waits until the database is there and ready; makes what is missing, as IBM's framework does.
    ///
    /// - Returns: Whether it was made just now.
    func prepareDatabase(_ context: CallContext) async throws(CARError) -> Bool {
        var pause = GrowingPause()
        var isNew = false
        while true {
            let call = Call(path: "/databases", answers: [400])
            let answer = try await send(call, context)
            if answer.status == 400 {
                try await runJob(
                    Call(method: "POST", path: "/databases", body: Array("{}".utf8), answers: [409]),
                    context
                )
                isNew = true
            } else {
                let database = try answer.read(call) { json -> DatabaseStatus? in
                    json["databases"]?.elements.first { _ in true }.map(DatabaseStatus.init)
                }
                if database.isReady { return isNew }
                if let missing = database.missing {
                    try await runJob(
                        Call(method: "PATCH", path: "/databases", body: missing, answers: [400, 409]),
                        context
                    )
                }
            }
            try await wait(&pause, call, context)
        }
    }

    /// Whether CAR answers to this sign-in.
    package func test(_ context: CallContext) async throws(CARError) {
        _ = try await send(Call(path: "/databases", answers: [400]), context)
    }

    /// Starts a job and waits for its end.
    func runJob(_ call: Call, _ context: CallContext) async throws(CARError) {
        let answer = try await send(call, context)
        // What the job was for is there already.
        if call.answers.contains(answer.status) { return }
        let job = try answer.read(call) { $0["job_id"]?.scalarText }
        let question = Call(path: "/jobstatus/\(percentEncoded(job))")
        var pause = GrowingPause()
        while true {
            switch try await send(question, context).read(question, { $0["status"]?.text }) {
            case "COMPLETE": return
            case "ERROR": throw CARError(.failed, call: call.name, message: "The job ended in an error.")
            default: try await wait(&pause, question, context)
            }
        }
    }

    /// Waits before asking again, each time longer.
    func wait(_ pause: inout GrowingPause, _ call: Call, _ context: CallContext) async throws(CARError) {
        let next = pause.next()
        guard next < context.deadline.remaining(at: clock.now()), (try? await clock.sleep(next)) != nil else {
            throw CARError(.deadline, call: call.name, message: "")
        }
    }
}

/// 50 ms, then each time half as long again, up to 30 s: what is done soon is seen soon, what takes hours is asked about seldom.
struct GrowingPause {
    private var length = Duration.milliseconds(50)

    mutating func next() -> Duration {
        defer { length = min(.seconds(30), length * 1.5) }
        return length
    }
}

private struct DatabaseStatus {
    let isReady: Bool
    /// The body that asks for what is missing.
    let missing: [UInt8]?

    init(_ json: JSONValue) {
        isReady = json["is_ready"]?.bool ?? false
        let collections = json["collections_without_indexes"]?.elements.compactMap(\.text) ?? []
        var body = JSONWriter()
        if (json["graph_name"]?.text ?? "").isEmpty {
            body.object { $0.member("graph_name", "assets") }
        } else if !collections.isEmpty {
            body.object { body in
                body.key("collections_without_indexes")
                body.array { body in for name in collections { body.value(name) } }
            }
        }
        missing = body.bytes.isEmpty ? nil : body.bytes
    }
}
