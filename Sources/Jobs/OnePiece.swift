import Files
import QualysAPI
import Support
package import Telemetry

extension JobServices {
    /// Does one of many pieces of work: a failure of its own is told, and the others go on.
    ///
    /// - Parameter name: Of the piece, for who reads that there was no time for it.
    /// - Returns: What came of it, or why nothing did.
    /// - Throws: What ends the run: there is no time, the sign-in is refused, another run has the job, or the disk is full.
    package func onePiece<Success>(
        _ name: String,
        _ context: CallContext,
        _ work: () async throws -> Success
    ) async throws -> Result<Success, any Error> {
        do {
            return .success(try await work())
        } catch let error as QualysError where error.isOutOfTime || error.isHopeless {
            throw error
        } catch let error as JobStateError {
            throw error
        } catch let error as FileFault where error.isNoRoom {
            throw error
        } catch {
            // Whatever it says: everything fails when the work is cancelled, or no time is left.
            guard !Task.isCancelled else {
                throw QualysError(.cancelled, call: name, message: "The work was cancelled.")
            }
            guard !context.deadline.hasPassed(at: clock.now()) else {
                throw QualysError(.deadline, call: name, message: "The deadline has passed.")
            }
            return .failure(error)
        }
    }
}
