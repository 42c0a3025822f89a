package import Support
package import Telemetry

extension JobServices {
    /// Does the work of a run that has the job to itself. When another run is at work it is left to that one.
    ///
    /// - Parameters:
    ///   - owner: Whose run it is: the same for the retry of an event, which takes its own job over at once.
    ///   - work: Is given the moment at which the run begins and what the last one left, and ends with the state's `end`.
    ///     When it fails, the job is given back, so that the next run need not wait for the lease to run out.
    package func onlyRun(
        of job: JobName,
        owner: String,
        _ context: CallContext,
        _ work: (_ now: Timestamp, _ saved: [UInt8]?) async throws -> JobAnswer
    ) async throws -> JobAnswer {
        let now = clock.now()
        guard case .mine(let saved) = try await state.begin(owner, context) else {
            return JobAnswer(
                job: job,
                run: now.basicISO8601,
                status: .continues,
                counts: [],
                reason: "Another run is at work."
            )
        }
        do {
            return try await work(now, saved)
        } catch let error as JobError where error.outcome == .partial {
            // Told after the end.
            throw error
        } catch {
            // A lost lease is not ours to give.
            try? await state.end(owner, nil, context)
            throw error
        }
    }
}

/// Runs a job and tells its failures as the job's.
package func failing<Result>(
    as job: JobName,
    _ work: () async throws -> Result
) async throws(JobError) -> Result {
    do {
        return try await work()
    } catch let error as JobError {
        throw error
    } catch {
        throw JobError(failed: job, because: error)
    }
}
