import AWSClients
import Files
import Glibc
import Logging
import Support
import Telemetry

extension JobStateStore {
    /// An object beside the output, `state/<job>.json`, where there is no table. It keeps no two runs apart: that takes a
    /// table.
    package static func object(_ job: JobName, in output: JobOutput, scratch: String) -> JobStateStore {
        let key = "state/\(job.rawValue).json"
        let save: @Sendable ([UInt8], CallContext) async throws -> Void = { state, context in
            _ = try await output.put(JobObject(key: key), .bytes(state), context)
        }
        let place = output.address(key)
        return JobStateStore(
            place: place,
            begin: { _, context in
                let path = "\(scratch)/state-\(uniqueName()).json"
                defer { unlink(path) }
                do {
                    guard try await output.get(key, path, context) else { return .mine(nil) }
                } catch let error as AWSError where error.status == 403 {
                    // S3 says so of an object that is not there to who may not list the bucket.
                    context.log.notice(
                        "The job's state may not be read or is not there: this run begins anew",
                        metadata: ["key": "\(place)"]
                    )
                    return .mine(nil)
                }
                guard let bytes = try? contents(ofFile: path, limit: 1 << 30) else {
                    throw JobStateError.unreadable(place)
                }
                return .mine(bytes)
            },
            save: { try await save($1, $2) },
            end: { _, state, context in
                if let state { try await save(state, context) }
            }
        )
    }
}
