import Application
import ArgumentParser
import CARImport
import FoundationEssentials
import Glibc
import Jobs
import QualysAPI
import Support
import Telemetry

struct CARImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "car-import",
        abstract: "Import assets, software and vulnerabilities into a Connected Assets & Risk (CAR) database.",
        discussion: """
            Incremental where that is possible, else full; the state stands below --output, by default below \
            -export-data-dir. Flags and variables are those of IBM's Qualys connector for CAR; accounts that are not given \
            come from QUALYS_USERNAME and QUALYS_PASSWORD, or the secret of QUALYS_SECRET_ARN.

            Exit status: 0 all done; 1 failed; 2 bad usage; 10 CAR failed and the next run may do it; 20 CAR refused for \
            good; 50 Qualys failed, 51 it cannot be reached, 52 sign-in, 53 not allowed, 54 refused, 55 not usable.
            """
    )

    /// Flags whose word others must not see.
    static let secretFlags = [
        "-password", "-car-service-password", "-car-service-key", "-car-service-token",
    ]

    @Option(name: .customLong("qualys_url", withSingleDash: true), help: "The Qualys API. [CONNECTION_HOST]")
    var qualysURL: String?

    @Option(
        name: .customLong("qualys_gateway", withSingleDash: true),
        help: "The Qualys gateway. [CONFIGURATION_AUTH_QUALYS_GATEWAY]"
    )
    var qualysGateway: String?

    @Option(
        name: .customLong("username", withSingleDash: true),
        help: "The Qualys account. [CONFIGURATION_AUTH_USERNAME]"
    )
    var username: String?

    @Option(
        name: .customLong("password", withSingleDash: true),
        help: "Its password; better in the variable, where others do not see it. [CONFIGURATION_AUTH_PASSWORD]"
    )
    var password: String?

    @Flag(
        name: .customLong("update_existing_vulnerability_cve", withSingleDash: true),
        help:
            "Read the KnowledgeBase anew for all vulnerabilities: the import is full. [UPDATE_EXISTING_VULNERABILITY_CVE]"
    )
    var updatesVulnerabilities = false

    @Option(
        name: .customLong("car-service-url", withSingleDash: true),
        help: "CAR, for key and password: https://host/api/car/v2. [CAR_SERVICE_URL]"
    )
    var carURL: String?

    @Option(name: .customLong("car-service-key", withSingleDash: true), help: "[CAR_SERVICE_KEY]")
    var carKey: String?

    @Option(name: .customLong("car-service-password", withSingleDash: true), help: "[CAR_SERVICE_PASSWORD]")
    var carPassword: String?

    @Option(
        name: .customLong("car-service-url-for-token", withSingleDash: true),
        help: "CAR, for a token. [CAR_SERVICE_URL_FOR_AUTHTOKEN]"
    )
    var carTokenURL: String?

    @Option(name: .customLong("car-service-token", withSingleDash: true), help: "[CAR_SERVICE_AUTHTOKEN]")
    var carToken: String?

    @Option(
        name: [.customLong("source"), .customLong("source", withSingleDash: true)],
        help: "The key of the source in CAR. Default qualys. [CONNECTION_NAME]"
    )
    var source: String?

    @Option(help: "auto, full or incremental.")
    var mode = "auto"

    @Option(name: .customLong("name", withSingleDash: true), help: "The connector's name; not used.")
    var name: String?

    @Option(name: .customLong("version", withSingleDash: true), help: "The connector's version; not used.")
    var version: String?

    @Flag(name: .customShort("d"), help: "Log everything. [DEBUG]")
    var debug = false

    @Flag(
        name: .customLong("connection-test", withSingleDash: true),
        help: "Only sign in everywhere. [DATASOURCE_CONNECTION_TEST]"
    )
    var connectionTest = false

    @Option(
        name: .customLong("export-data-dir", withSingleDash: true),
        help: "For the state, and for the imports with -keep-export-data-dir."
    )
    var exportFolder = "/tmp/car_temp_export_data"

    @Flag(name: .customLong("keep-export-data-dir", withSingleDash: true), help: "Keep all imports as files.")
    var keepsExport = false

    @Option(name: .customLong("export-data-page-size", withSingleDash: true), help: "Objects of one import.")
    var pageSize = 2000

    @OptionGroup
    var options: JobOptions

    func validate() throws {
        _ = try parameters()
        guard (1...2000).contains(pageSize) else { throw ValidationError("-export-data-page-size is 1 to 2000.") }
    }

    func run() async throws {
        warnOfSecrets()
        let parameters = try parameters()
        let environment = variables
        let car: CARAccount?
        do {
            car = try carAccount(environment)
        } catch let error as CARAccountError {
            throw ValidationError(error.description)
        }
        let account = try QualysAccount(environment: environment, pod: "US1")
        if car == nil, (environment["QUALYS_SECRET_ARN"] ?? "").isEmpty {
            throw ValidationError(
                "Say where CAR is: -car-service-url, -car-service-key and -car-service-password; or "
                    + "-car-service-url-for-token and -car-service-token."
            )
        }
        if debug || isTrue(environment["DEBUG"]) { setenv("LOG_LEVEL", "debug", 1) }
        var options = options
        options.output = options.output ?? exportFolder
        let isTest = connectionTest || isTrue(environment["DATASOURCE_CONNECTION_TEST"])
        let export = keepsExport ? exportFolder : nil
        do {
            try await runCARImport(options, account: account, car: car) { job, owner, context in
                var job = job
                job.export = export
                guard isTest else { return try await job.run(parameters, owner: owner, context) }
                try await job.testConnections(context)
                return JobAnswer(job: .carImport, run: "connection-test", status: .done, counts: [])
            }
        } catch let ended as ExitStatus {
            throw ended
        } catch let error as any Failure {
            printError("qualysctl: \(error.description)")
            throw Self.status(of: error)
        }
    }

    /// How a failure ends the program, for who starts it as IBM's framework would.
    static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as CARError: error.isRecoverable ? .recoverable : .unrecoverable
        case let error as QualysError:
            switch error.kind {
            case .signIn, .credentials: .signIn
            case .permission: .forbidden
            case .unavailable, .outage, .limit, .deadline: .connection
            case .refused: .parameter
            case .unreadable, .paging, .notFound, .unkept: .processing
            case .cancelled: .dataSource
            }
        case is CARAccountError, is JobParameterError, is SettingsError: .badUsage
        default: .failed
        }
    }

    private func parameters() throws -> CARImportParameters {
        let variables = variables
        guard let mode = CARImportParameters.Mode(rawValue: mode) else {
            throw ValidationError("--mode is auto, full or incremental.")
        }
        let updates = updatesVulnerabilities || isTrue(variables["UPDATE_EXISTING_VULNERABILITY_CVE"])
        do throws(JobParameterError) {
            var parameters = try CARImportParameters(
                mode: updates ? .full : mode,
                source: source ?? variables["CONNECTION_NAME"] ?? "qualys"
            )
            parameters.objects = pageSize
            return parameters
        } catch {
            throw ValidationError("-\(error.name) must be \(error.expected ?? "left out").")
        }
    }

    /// The environment, with what the flags say of the Qualys account under the names that all commands know.
    private var variables: [String: String] {
        var variables = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        for (name, given, original) in [
            ("QUALYS_API_URL", qualysURL, "CONNECTION_HOST"),
            ("QUALYS_GATEWAY_URL", qualysGateway, "CONFIGURATION_AUTH_QUALYS_GATEWAY"),
            ("QUALYS_USERNAME", username, "CONFIGURATION_AUTH_USERNAME"),
            ("QUALYS_PASSWORD", password, "CONFIGURATION_AUTH_PASSWORD"),
        ] {
            variables[name] = given ?? variables[original] ?? variables[name]
        }
        return variables
    }

    /// Nil when the command line and the environment say nothing of CAR.
    private func carAccount(_ variables: [String: String]) throws -> CARAccount? {
        if let url = carTokenURL ?? variables["CAR_SERVICE_URL_FOR_AUTHTOKEN"],
            let token = carToken ?? variables["CAR_SERVICE_AUTHTOKEN"]
        {
            return try CARAccount(url: url, token: Redacted(token))
        }
        guard let url = carURL ?? variables["CAR_SERVICE_URL"] else { return nil }
        guard let key = carKey ?? variables["CAR_SERVICE_KEY"],
            let password = carPassword ?? variables["CAR_SERVICE_PASSWORD"]
        else { throw ValidationError("-car-service-url needs -car-service-key and -car-service-password.") }
        return try CARAccount(url: url, key: Redacted(key), password: Redacted(password))
    }

    private func warnOfSecrets() {
        guard password != nil || carPassword != nil || carToken != nil else { return }
        printError(
            "qualysctl: warning: a password on the command line can be seen by others and stays in the shell's history;"
                + " use CONFIGURATION_AUTH_PASSWORD, CAR_SERVICE_PASSWORD or CAR_SERVICE_AUTHTOKEN"
        )
    }
}

private func isTrue(_ text: String?) -> Bool {
    ["1", "true", "yes"].contains(text?.lowercased() ?? "")
}

/// Runs the job with the CAR of the command line, or else of the secret.
private func runCARImport(
    _ options: JobOptions,
    account: QualysAccount?,
    car: CARAccount?,
    _ body: @escaping @Sendable (CARImport, _ owner: String, CallContext) async throws -> JobAnswer
) async throws {
    try await runJob(.carImport, options, pod: "US1", account: account) { services, owner, context, application in
        let carAccount: CARAccount
        if let car {
            carAccount = car
        } else {
            carAccount = try CARAccount(secret: try await application.secrets.secret(context))
        }
        let client = CARClient(account: carAccount, http: application.http)
        return try await body(CARImport(services, client: client), owner, context)
    }
}
