import Jobs
import Support

/// What the job remembers from run to run: a few lines, which fit into one row. What a run has done so far is in its
/// checkpoint, an object beside its output.
struct DetectionsState: Sendable, Equatable {
    /// A run that was begun and is not done.
    struct Run: Sendable, Equatable {
        /// Milliseconds since 1970.
        let started: Int64
        let processedAfter: Int64

        /// When somebody was at work on it last.
        var touched: Int64

        /// Of a run that ended without some of its batches: whose it was. The retry of its event asks for those. Nil for
        /// one that was interrupted, with which anybody goes on.
        var owner: String?

        var name: String { Timestamp(milliseconds: started).basicISO8601 }

        init(started: Timestamp, processedAfter: Timestamp, touched: Timestamp, owner: String? = nil) {
            self.started = started.milliseconds
            self.processedAfter = processedAfter.milliseconds
            self.touched = touched.milliseconds
            self.owner = owner
        }
    }

    static let version = 1
    private static let mostRequests = 16

    /// When the last complete run of each request began, in milliseconds.
    var complete: [String: Int64] = [:]

    /// The last run of each shape, when it is not done: schedules for different hosts take turns.
    var unfinished: [String: Run] = [:]

    /// When the newest run began, in milliseconds.
    var newest: Int64?

    /// Batches of the run at work that are done, for people.
    var done = ""

    init() {}

    /// When a run begins now, by which it is named: a second after the newest one where that is not over.
    func beginning(at now: Timestamp) -> Timestamp {
        guard let newest = newest.map({ Timestamp(milliseconds: $0) }) else { return now }
        return max(now, Timestamp(seconds: newest.seconds + 1))
    }

    func lastComplete(_ request: String) -> Timestamp? {
        complete[request].map { Timestamp(milliseconds: $0) }
    }

    mutating func completed(_ request: String, _ started: Timestamp) {
        complete[request] = max(complete[request] ?? .min, started.milliseconds)
        while complete.count > Self.mostRequests, let oldest = complete.min(by: { $0.value < $1.value }) {
            complete[oldest.key] = nil
        }
    }

    mutating func began(_ run: Run, _ shape: String) {
        newest = max(newest ?? .min, run.started)
        unfinished[shape] = run
        while unfinished.count > Self.mostRequests,
            let oldest = unfinished.min(by: { $0.value.started < $1.value.started })
        {
            unfinished[oldest.key] = nil
        }
    }

    /// Somebody is at work on the run that began then.
    mutating func touched(_ started: Int64, at now: Timestamp) {
        for (shape, run) in unfinished where run.started == started { unfinished[shape]?.touched = now.milliseconds }
    }

    /// The run of this shape ended without some of its batches.
    mutating func ended(_ shape: String, owner: String) { unfinished[shape]?.owner = owner }

    /// The run that began then is done.
    mutating func done(_ started: Timestamp) {
        unfinished = unfinished.filter { $0.value.started != started.milliseconds }
    }
}

/// How far a run is: enough to go on with it, and to ask for what is missing long after it.
struct Checkpoint: Sendable, Equatable {
    static let version = 1

    /// Milliseconds since 1970.
    let started: Int64
    let processedAfter: Int64
    let batchSize: Int
    let byAddress: Bool
    let knowledgeBase: Bool
    let statuses: [String]
    let filters: [HostDetectionsParameters.Field]
    let rows: [HostDetectionsParameters.Rows]
    let kinds: [PullKind]
    let isOriginal: Bool
    let gzips: Bool

    /// Tells whose run it is from all other accounts.
    let account: String

    /// Whether the hosts are known.
    var isListed = false

    /// When Qualys listed them, by its own clock, in milliseconds.
    var listed: Int64?

    /// The hosts as ranges: ids, addresses as numbers, and ids of the portal.
    var hosts = ""
    var addresses = ""
    var portal = ""

    /// The answers that named them, where those are kept.
    var lists: [FinishedWork.Object] = []
    var finished: [FinishedWork] = []

    /// All QIDs of what is finished, as ranges.
    var qids = ""

    init(
        _ parameters: HostDetectionsParameters,
        account: String,
        started: Timestamp,
        processedAfter: Timestamp
    ) {
        self.account = account
        self.started = started.milliseconds
        self.processedAfter = processedAfter.milliseconds
        batchSize = parameters.batchSize
        byAddress = parameters.byAddress
        knowledgeBase = parameters.knowledgeBase
        statuses = parameters.statuses
        filters = parameters.filters
        rows = parameters.rows
        kinds = parameters.kinds
        isOriginal = parameters.layout.isOriginal
        gzips = parameters.layout.gzips
    }

    static func key(_ run: String, _ layout: OutputLayout) -> String { layout.folder(run) + "checkpoint.json.gz" }

    /// What the run was asked for.
    var parameters: HostDetectionsParameters {
        var parameters = HostDetectionsParameters()
        parameters.processedAfter = Timestamp(milliseconds: processedAfter)
        parameters.filters = filters
        parameters.batchSize = batchSize
        parameters.statuses = statuses
        parameters.rows = rows
        parameters.byAddress = byAddress
        parameters.knowledgeBase = knowledgeBase
        parameters.kinds = kinds
        parameters.layout = OutputLayout(isOriginal: isOriginal, gzips: gzips)
        return parameters
    }

    var hostSet: HostSet {
        get {
            var set = HostSet(ids: IDRanges(hosts) ?? IDRanges(), addresses: IDRanges(addresses) ?? IDRanges())
            set.portalIDs = IDRanges(portal) ?? IDRanges()
            return set
        }
        set {
            isListed = true
            hosts = newValue.ids.description
            addresses = newValue.addresses.description
            portal = newValue.portalIDs.description
        }
    }
}
