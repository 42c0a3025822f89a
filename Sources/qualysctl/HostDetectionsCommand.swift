import ArgumentParser
import Glibc
import HostDetections
import Jobs
import QualysAPI
import Support

struct HostDetectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host-detections",
        abstract: "Pull the host detections of a subscription, as fast as it allows.",
        discussion: """
            Without --processed-after: the hosts that were processed since the last complete run, at first all. The \
            account is that of the secret, or QUALYS_USERNAME and QUALYS_PASSWORD with QUALYS_POD (default US1); where none \
            is named it is asked for at the terminal.

            With -a, -d or -z the files stand as qPyMultiThread put them, in `output` unless --output says otherwise; -c, \
            -D, -i, -p, -P, -s, -u, -v and -x mean what they meant there.
            """
    )

    @Option(
        name: [.customShort("v"), .long],
        help: "Hosts whose scan data were processed after this time: 2026-11-21 or 2026-11-21T03:00:00Z."
    )
    var processedAfter: String?

    @Option(help: "Just these hosts: ids or ranges of them with commas between them.")
    var ids: [String] = []

    @Option(help: "Hosts with these addresses or in these ranges of them.")
    var ips: [String] = []

    @Option(help: "Hosts that have any of these tags, by their names.")
    var tags: [String] = []

    @Option(help: "A parameter of the Host List call, such as ag_titles=Servers. May be given several times.")
    var filter: [String] = []

    @Option(name: [.customShort("c"), .long], help: "Hosts of one call. Default 1000.")
    var batchSize: Int?

    @Option(help: "Calls at a time; the subscription may allow fewer. Default MAX_WORKERS.")
    var workers: Int?

    @Option(help: "Which detections: New, Active, Re-Opened, Fixed. Default all but Fixed.")
    var status: [String] = []

    @Option(help: "Rows beside the raw XML: ndjson, csv, sqlite, with commas between them.")
    var rows: [String] = []

    @Flag(help: "Look up the QIDs that were found in the KnowledgeBase.")
    var knowledgeBase = false

    @Option(help: "Ask for just the batches that this run could not get, as it was asked for.")
    var retryRun: String?

    @Flag(name: [.customShort("i"), .customLong("by-ip")], help: "Ask for hosts by their addresses.")
    var byAddress = false

    @Flag(inversion: .prefixedNo, help: "Gzip the raw XML. Default, but with -a, -d and -z.")
    var gzip: Bool?

    @Option(name: .customShort("d"), help: "Calls for detections at a time.")
    var detectionThreads: Int?

    @Option(name: .customShort("a"), help: "Calls for host assets at a time; none are pulled without it.")
    var assetThreads: Int?

    @Option(name: .customShort("z"), help: "Calls for host assets of the portal at a time; none are pulled without it.")
    var portalThreads: Int?

    @Option(name: .customShort("s"), help: "The API server, in the place of QUALYS_POD.")
    var server: String?

    @Option(name: .customShort("u"), parsing: .unconditional, help: "The account, in the place of QUALYS_USERNAME.")
    var username: String?

    @Option(
        name: .customShort("p"),
        parsing: .unconditional,
        help: "Its password. Better in QUALYS_PASSWORD, or typed when it is asked for: here others may see it."
    )
    var password: String?

    @Option(name: .customShort("P"), parsing: .unconditional, help: "Whether the proxy of -x is used: False is no.")
    var usesProxy: String?

    @Option(name: .customShort("x"), help: "The proxy's address.")
    var proxy: String?

    @Flag(name: [.customShort("D"), .long], help: "Log everything.")
    var debug = false

    @Option(help: "Write the log to this file, too. With -a, -d or -z: log/qPyMultiThread_<process>.log.")
    var logFile: String?

    @OptionGroup
    var options: JobOptions

    func validate() throws {
        _ = try parameters()
        let proxies = ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]
        guard usesProxy == nil || !wantsProxy || proxy?.isEmpty == false || isInEnvironment(proxies) else {
            throw ValidationError("-P needs the proxy's address: -x, or https_proxy in the environment.")
        }
    }

    func run() async throws {
        let parameters = try parameters()
        if let proxy, wantsProxy {
            for name in ["https_proxy", "http_proxy"] { setenv(name, proxy, 1) }
        }
        var options = options
        if isOriginal, options.output == nil { options.output = "output" }
        let log = try RunLog(
            file: logFile ?? (isOriginal ? "log/qPyMultiThread_\(getpid()).log" : nil),
            isVerbose: debug
        )
        let account = try typedAccount()
        try await runJob(.hostDetections, options, pod: "US1", account: account, log: log) { services, owner, context in
            try await HostDetections(services).run(parameters, owner: owner, context)
        }
    }

    /// Whether -P does not speak against a proxy.
    private var wantsProxy: Bool { !["false", "no", "none", "off", "0"].contains(usesProxy?.lowercased()) }

    /// Whether it is called as the script was.
    private var isOriginal: Bool { detectionThreads != nil || assetThreads != nil || portalThreads != nil }

    /// The account of the command line, or as the script asked for it; nil when the environment or a secret has one.
    private func typedAccount() throws -> QualysAccount? {
        let isTyped = username != nil || server != nil || password != nil
        guard isTyped || !isInEnvironment(["QUALYS_SECRET_ARN", "QUALYS_USERNAME", "q_username"]) else { return nil }
        return try QualysAccount(server: server, username: username, password: password)
    }

    private func isInEnvironment(_ names: [String]) -> Bool {
        names.contains { getenv($0).map { $0.pointee != 0 } ?? false }
    }

    private func parameters() throws -> HostDetectionsParameters {
        let after = processedAfter ?? (isOriginal && retryRun == nil ? "2000-01-01" : nil)
        var given: [String: JobParameters.Value] = [:]
        for (name, text) in [("processed_after", after), ("retry_run", retryRun)] {
            given[name] = text.map { .text($0) }
        }
        for (name, texts) in [("ids", ids), ("ips", ips), ("tags", tags), ("status", status), ("rows", rows)] {
            given[name] = texts.isEmpty ? nil : .text(texts.joined(separator: ","))
        }
        for (name, number) in [("workers", workers), ("batch_size", batchSize)] {
            given[name] = number.map { .number(Int64($0)) }
        }
        given["filters"] = filter.isEmpty ? nil : .list(filter)
        given["by_ip"] = byAddress ? .truth(true) : nil
        given["knowledge_base"] = knowledgeBase ? .truth(true) : nil
        let threads: [(PullKind, Int?)] = [
            (.detections, detectionThreads), (.hostAssets, assetThreads), (.portalAssets, portalThreads),
        ]
        for (_, number) in threads {
            guard (0...100).contains(number ?? 0) else { throw ValidationError("-a, -d and -z are 0 to 100.") }
        }
        if isOriginal {
            guard threads.contains(where: { ($0.1 ?? 0) > 0 }) else {
                throw ValidationError("One of -a, -d and -z must be at least 1.")
            }
        }
        if isOriginal, retryRun == nil {
            given["detections"] = .truth((detectionThreads ?? 0) > 0)
            given["host_assets"] = .truth((assetThreads ?? 0) > 0)
            given["portal_assets"] = .truth((portalThreads ?? 0) > 0)
        }
        if retryRun != nil, let gzip {
            throw ValidationError("--\(gzip ? "" : "no-")gzip must be left out: the run that is retried has its own.")
        }
        do throws(JobParameterError) {
            var parameters = try HostDetectionsParameters(JobParameters(given))
            for (kind, number) in threads {
                if let number, number > 0 { parameters.workersOfKind[kind] = number }
            }
            parameters.layout = OutputLayout(isOriginal: isOriginal, gzips: gzip ?? !isOriginal)
            return parameters
        } catch {
            let flag = Self.flags[error.name] ?? "--" + error.name.split(separator: "_").joined(separator: "-")
            throw ValidationError("\(flag) must be \(error.expected ?? "left out").")
        }
    }

    private static let flags = ["filters": "--filter", "portal_assets": "-z"]
}
