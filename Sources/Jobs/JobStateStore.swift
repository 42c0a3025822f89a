package import Support
package import Telemetry

/// Where a job remembers how far it is, from run to run. Only one run of a job is at work at a time.
package struct JobStateStore: Sendable {
    /// What was found when a run began.
    package enum Opening: Sendable, Equatable {
        /// The job is ours; what the last run left, as it was saved.
        case mine([UInt8]?)
        /// Another run is at work, at most until then.
        case busy(until: Timestamp?)
    }

    /// Where that is, for who has to look at it or to delete it.
    package let place: String

    /// Takes the job for a run that is over by the deadline of the context.
    ///
    /// - `owner`: The same for the retry of an event, which takes its own job over at once.
    package var begin: @Sendable (_ owner: String, CallContext) async throws -> Opening

    /// Remembers; fails when another run has taken the job over. Ctrl-C does not cancel it: what is done is worth it.
    package var save: @Sendable (_ owner: String, _ state: [UInt8], CallContext) async throws -> Void

    /// Remembers and gives the job back.
    package var end: @Sendable (_ owner: String, _ state: [UInt8]?, CallContext) async throws -> Void

    package init(
        place: String,
        begin: @escaping @Sendable (_ owner: String, CallContext) async throws -> Opening,
        save: @escaping @Sendable (_ owner: String, _ state: [UInt8], CallContext) async throws -> Void,
        end: @escaping @Sendable (_ owner: String, _ state: [UInt8]?, CallContext) async throws -> Void
    ) {
        self.place = place
        self.begin = begin
        self.save = { owner, state, context in try await uncancelled { try await save(owner, state, context) } }
        self.end = { owner, state, context in try await uncancelled { try await end(owner, state, context) } }
    }
}

/// Does what must be done although the task was cancelled, as Ctrl-C does: in a cancelled task every call fails at once.
package func uncancelled<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await Task { try await work() }.value
}

/// A job's state cannot be kept.
package enum JobStateError: Failure, Equatable {
    /// The lease ran out or was taken: what another run does now must not be overwritten.
    case lost
    case tooLarge(Int)
    /// What was saved is not what this program writes.
    case unreadable(String)
    case file(path: String, reason: String)

    package var label: String {
        switch self {
        case .lost: "JobState.Lost"
        case .tooLarge: "JobState.TooLarge"
        case .unreadable: "JobState.Unreadable"
        case .file: "JobState.File"
        }
    }

    package var description: String {
        switch self {
        case .lost: "Another run of the job has taken over: this one stops."
        case .tooLarge(let count): "The job's state is \(count) bytes long, more than a DynamoDB item can hold."
        case .unreadable(let place): "The job's state in \(place) is not readable; delete it to begin anew."
        case .file(let path, let reason): "The job's state in \(path) cannot be used: \(reason)."
        }
    }
}
