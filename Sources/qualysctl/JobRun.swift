import Application
import ArgumentParser
import FoundationEssentials
import Jobs
import QualysAPI
import Support
import Telemetry

/// Runs a job from the shell: prints its answer, and what is missing.
///
/// - Parameters:
///   - pod: The platform of an account that does not say its own: that of the script which the command replaces.
///   - account: Of the command line, before that of the environment.
///   - log: Where else the log goes.
///   - body: The job.
func runJob(
    _ job: JobName,
    _ options: JobOptions,
    pod: String,
    account given: QualysAccount? = nil,
    log: RunLog? = nil,
    _ body: @escaping @Sendable (JobServices, _ owner: String, CallContext) async throws -> JobAnswer
) async throws {
    try await runJob(job, options, pod: pod, account: given, log: log) { services, owner, context, _ in
        try await body(services, owner, context)
    }
}

/// The same for a job that needs more of the program than services.
func runJob(
    _ job: JobName,
    _ options: JobOptions,
    pod: String,
    account given: QualysAccount? = nil,
    log: RunLog? = nil,
    _ body: @escaping @Sendable (JobServices, _ owner: String, CallContext, Application) async throws -> JobAnswer
) async throws {
    let environment = ProcessInfo.processInfo.environment
    let account = try given ?? QualysAccount(environment: environment, pod: pod)
    let shell = try Shell(
        needsSecret: account == nil,
        needsRegion: account == nil || !options.isLocal(environment),
        account: account
    )
    defer { shell.close() }
    var context = shell.context(seconds: options.timeout)
    if let log { context.log = log.joined(to: context.log) }
    let places = options.places(job, shell.application)
    let bar = ProgressBar(title: job.rawValue)
    let progress = isTerminal ? bar.progress : .log(context.log)
    do {
        let answer = try await cancelledBySignals { [context] in
            try await shell.application.withServices(job, places: places, progress: progress) { services in
                try await body(services, "qualysctl-\(UUID().uuidString)", context, shell.application)
            }
        }
        bar.clear()
        print(String(decoding: answer.json, as: UTF8.self))
        if answer.status == .continues { throw ExitStatus.partial }
    } catch let error as JobError where error.outcome == .partial {
        bar.clear()
        if let answer = error.answer { print(String(decoding: answer.json, as: UTF8.self)) }
        printError("qualysctl: \(job.rawValue) is done in part. Missing:")
        for missing in error.missing { printError("  \(missing.id): \(missing.reason)") }
        throw ExitStatus.partial
    } catch {
        bar.clear()
        throw error
    }
}
