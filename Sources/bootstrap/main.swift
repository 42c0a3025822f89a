import Application
import FunctionScan
import Glibc
import HTTPTransport
import LambdaRuntime
import Logging
import Support

// The program that AWS Lambda starts: reads its settings, or says all that is wrong with them, and then works off
// events for as long as Lambda lets it.

// Whoever reads our lines may go away; the work goes on.
signal(SIGPIPE, SIG_IGN)

let environment = processEnvironment()
let transport = CurlTransport(caBundle: environment["AWS_CA_BUNDLE"])
transport.warmUp()
let runtime = RuntimeClient(address: environment["AWS_LAMBDA_RUNTIME_API"] ?? "127.0.0.1:9001", http: transport.client)

do {
    let settings = try Settings(environment: environment)
    let application = Application(
        settings: settings,
        environment: environment,
        http: transport.client,
        scratchRoot: "\(Application.temporaryFolder(environment))/qualys-lambda-scanner"
    )
    application.scratch.removeLeftovers()
    let dispatch = Dispatch(
        functionScan: application.functionScan,
        jobs: application.scheduledJobs,
        functionName: environment["AWS_LAMBDA_FUNCTION_NAME"]
    )
    try await RuntimeLoop(client: runtime, log: Application.logger(level: settings.logLevel)).run(dispatch.handle)
} catch {
    Application.logger(level: .info).critical("The scanner cannot run", error: error)
    if error is SettingsError {
        try? await runtime.reportInit(ReportedError(error))
    }
    // Not exit: libcrypto's handler would free what the transport's thread may still use. No output is buffered.
    _exit(1)
}
