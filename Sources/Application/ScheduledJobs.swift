import AWSClients
import CARImport
import FunctionScan
import HTTPTransport
import HostDetections
package import Jobs
import Logging
import QualysAPI
import Support
package import Telemetry
import WASExport
import WASSnapshot

/// Runs the scheduled jobs: gives each its parameters, its output, its state and a folder of its own.
package struct ScheduledJobs: Sendable {
    /// - `owner`: whose run it is: the same for the retry of an event.
    package var run: @Sendable (JobEvent, _ owner: String, CallContext) async throws -> JobAnswer

    package init(run: @escaping @Sendable (JobEvent, _ owner: String, CallContext) async throws -> JobAnswer) {
        self.run = run
    }
}

/// Where a job writes and remembers, when it is not where the settings say.
package struct JobPlaces: Sendable {
    package let output: JobOutput
    package let state: JobStateStore

    package init(output: JobOutput, state: JobStateStore) {
        self.output = output
        self.state = state
    }
}

extension Application {
    /// The jobs as events start them: into the bucket of the settings, remembered in the table.
    package var scheduledJobs: ScheduledJobs {
        ScheduledJobs { [self] event, owner, context in
            try await withServices(event.name, places: places(for: event), progress: .log(context.log)) { services in
                try await run(event, services, owner, context)
            }
        }
    }

    /// - Parameters:
    ///   - places: In place of those of the settings, given the job's folder for scratch.
    package func withServices<Result: Sendable>(
        _ job: JobName,
        places: (@Sendable (_ scratch: String) throws -> JobPlaces)? = nil,
        progress: JobProgress,
        _ body: @Sendable (JobServices) async throws -> Result
    ) async throws -> Result {
        try await scratch.withFolder { folder in
            let places = try places?(folder) ?? self.places(of: job, scratch: folder)
            return try await body(
                JobServices(
                    qualys: qualys,
                    output: places.output,
                    state: places.state,
                    scratch: folder,
                    workers: settings.maxWorkers,
                    progress: progress
                )
            )
        }
    }

    private func run(
        _ event: JobEvent,
        _ services: JobServices,
        _ owner: String,
        _ context: CallContext
    ) async throws -> JobAnswer {
        switch event.name {
        case .wasExport:
            let parameters = try WASExportParameters(event.parameters)
            return try await WASExport(services).run(parameters, owner: owner, context)
        case .carImport:
            let parameters = try CARImportParameters(event.parameters)
            do {
                let account = try CARAccount(secret: try await secrets.secret(context))
                let job = CARImport(services, client: CARClient(account: account, http: http))
                return try await job.run(parameters, owner: owner, context)
            } catch {
                // A rotated key or token looks just like that.
                if let error = error as? CARError, [401, 403].contains(error.status) { await secrets.forget() }
                throw JobError(failed: .carImport, because: error)
            }
        case .wasSnapshot:
            let parameters = try WASSnapshotParameters(event.parameters)
            return try await WASSnapshot(services).run(parameters, owner: owner, context)
        case .hostDetections:
            let parameters = try HostDetectionsParameters(event.parameters)
            return try await HostDetections(services).run(parameters, owner: owner, context)
        }
    }

    private func places(for event: JobEvent) -> (@Sendable (_ scratch: String) throws -> JobPlaces)? {
        guard event.name == .carImport else { return nil }
        return { [self] scratch in try carPlaces(event.parameters, scratch: scratch) }
    }

    /// An import into CAR writes nothing but its state, one of each source.
    private func carPlaces(_ parameters: JobParameters, scratch: String) throws -> JobPlaces {
        let source = try CARImportParameters(parameters).source
        if let table = settings.cacheTable {
            let state = JobStateStore.dynamoDB(
                table: table,
                key: "job#\(JobName.carImport.rawValue)#\(source)",
                client: DynamoDBClient(own)
            )
            return JobPlaces(output: .folder(scratch), state: state)
        }
        guard settings.exportBucket != nil else {
            // Nothing is remembered, so every import is full.
            return JobPlaces(output: .folder(scratch), state: .file("\(scratch)/state.json"))
        }
        return try places(of: .carImport, scratch: scratch)
    }

    private func places(of job: JobName, scratch: String) throws(JobError) -> JobPlaces {
        guard let bucket = settings.exportBucket else {
            throw JobError(
                failed: job,
                reason: "S3_BUCKET_NAME (or RESULTS_S3_BUCKET) is not set: there is nowhere to write."
            )
        }
        let output = JobOutput.s3(bucket: bucket, prefix: settings.exportPrefix, client: S3Client(own))
        guard let table = settings.cacheTable else {
            return JobPlaces(output: output, state: .object(job, in: output, scratch: scratch))
        }
        return JobPlaces(
            output: output,
            state: .dynamoDB(
                table: table,
                key: "job#\(job.rawValue)#\(bucket)/\(settings.exportPrefix)",
                client: DynamoDBClient(own)
            )
        )
    }
}
