package import FunctionScan
import Jobs
package import LambdaRuntime
package import Logging
package import Support
import Telemetry

/// Gives each event to what does its work.
package struct Dispatch: Sendable {
    /// A message of a batch is not begun with less time than this: it goes back to the queue untouched.
    private static let leastTime = Duration.seconds(30)

    private let functionScan: FunctionScan
    private let jobs: ScheduledJobs
    private let functionName: String?
    private let clock: WallClock

    /// - Parameter functionName: Our own (`AWS_LAMBDA_FUNCTION_NAME`).
    package init(
        functionScan: FunctionScan,
        jobs: ScheduledJobs,
        functionName: String?,
        clock: WallClock = .system
    ) {
        self.functionScan = functionScan
        self.jobs = jobs
        self.functionName = functionName
        self.clock = clock
    }

    /// - Returns: The answer's JSON.
    package func handle(_ invocation: Invocation, _ log: Logger) async throws -> [UInt8] {
        let identity = try ScannerIdentity(invocation, functionName: functionName)
        let context = CallContext(deadline: invocation.deadline, log: log)
        let event = try IncomingEvent(invocation.event)
        guard case .batch(let records) = event else {
            return try await handle(event, identity, owner: invocation.requestID, context).json
        }
        return await handle(records, identity, context)
    }

    /// - Returns: The answer's JSON, and whether there is more to do.
    private func handle(
        _ event: IncomingEvent,
        _ identity: ScannerIdentity,
        owner: String,
        _ context: CallContext
    ) async throws -> (json: [UInt8], continues: Bool) {
        switch event {
        case .functionChange(let change):
            return (try await functionScan.run(change, identity: identity, owner: owner, context).json, false)
        case .job(let job):
            let answer = try await jobs.run(job, owner, context)
            return (answer.json, answer.status == .continues)
        case .batch:
            throw EventError.malformed("A message of an SQS batch holds a batch itself.")
        }
    }

    /// One after the other: a scan takes all of a function's memory and disk. Those that failed, those for which no time was
    /// left, and jobs that have more to do go back to the queue: a message that is taken off it is asked for by nobody else.
    private func handle(
        _ records: [IncomingEvent.Record],
        _ identity: ScannerIdentity,
        _ context: CallContext
    ) async -> [UInt8] {
        var failed: [String] = []
        for (index, record) in records.enumerated() {
            var context = context
            context.log[metadataKey: "messageId"] = "\(record.messageId)"
            guard index == 0 || context.deadline.remaining(at: clock.now()) >= Self.leastTime else {
                context.log.notice("No time is left for this message of the batch: it goes back to the queue")
                failed.append(record.messageId)
                continue
            }
            do {
                let event = try IncomingEvent(Array(record.body.utf8))
                let answer = try await handle(event, identity, owner: record.messageId, context)
                guard answer.continues else { continue }
                context.log.notice("The job has more to do: its message goes back to the queue")
                failed.append(record.messageId)
            } catch {
                context.log.error("A message of the batch failed", error: error)
                failed.append(record.messageId)
            }
        }
        var answer = JSONWriter()
        answer.object { answer in
            answer.key("batchItemFailures")
            answer.array { answer in
                for id in failed { answer.object { $0.member("itemIdentifier", id) } }
            }
        }
        return answer.bytes
    }
}
