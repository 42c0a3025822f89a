import JSONStream
import Jobs
import Support

/// What an export remembers from run to run.
struct ExportState: Sendable, Equatable {
    /// From when on finished scans are exported: the first run's `since`.
    var origin: Timestamp?

    /// Up to when the last run went.
    var cursor: Timestamp?

    /// When the last run began: no two runs have the same name.
    var lastStart: Timestamp?

    /// Scans that need not be looked at again, by the day of their launch: exported, or finished before the origin.
    var settled = ScansByDay()

    /// Scans that a scheduled run could not export, by the day on which that was so first: they may have been launched before
    /// the next search begins.
    var missing = ScansByDay()

    /// Which of the two runs that may be open at the same time: the scheduled one, or what somebody asked for.
    enum Slot: Sendable {
        case scheduled
        case asked
    }

    /// The runs that were begun and are not finished.
    private var run: OpenRun?
    private var asked: OpenRun?

    init() {}

    subscript(slot: Slot) -> OpenRun? {
        get { slot == .scheduled ? run : asked }
        set {
            switch slot {
            case .scheduled: run = newValue
            case .asked: asked = newValue
            }
        }
    }

    struct OpenRun: Sendable, Equatable {
        let started: Timestamp
        let since: Timestamp
        var until: Timestamp
        var objects: [ExportedScan] = []

        /// What was asked for; empty for a scheduled run.
        var request = ""

        /// Scans up to this id stand in the manifests of earlier parts of the run.
        var after: Int64 = 0

        /// Scans that they could not export.
        var missing: [Int64] = []
    }

    /// Without the key, which the id gives: thousands of them have to fit into one row.
    struct ExportedScan: Sendable, Equatable {
        let id: Int64
        let bytes: Int64

        /// In hexadecimal.
        let sha256: String

        static func key(_ id: Int64) -> String { "\(id).json" }
    }
}

/// Ids by day, mostly that of the launch, as short ranges: a week of thousands of scans fits into one row.
struct ScansByDay: Sendable, Equatable {
    /// The key is `YYYYMMDD`.
    private(set) var days: [String: IDRanges] = [:]

    func contains(_ id: Int64) -> Bool {
        days.values.contains { $0.contains(id) }
    }

    var ids: [Int64] { days.values.flatMap { $0.ranges.joined() } }

    /// The day under which an id stands.
    func day(of id: Int64) -> String? {
        days.first { $0.value.contains(id) }?.key
    }

    mutating func insert(_ id: Int64, day: String) {
        days[day, default: IDRanges()].insert(id)
    }

    mutating func insert(_ id: Int64, launched: Timestamp) {
        insert(id, day: launched.day)
    }

    mutating func insert(day: String, _ ranges: IDRanges) {
        days[day] = ranges
    }

    /// Forgets what no search finds any more.
    mutating func forget(before moment: Timestamp) {
        let day = moment.day
        days = days.filter { $0.key >= day }
    }
}

extension ExportState {
    /// A row of the table may have 400 KB, and what is missing takes some of it, too.
    private static let roomyBytes = 300 * 1024

    /// What a scan adds at most: its length and hash, and its id among the settled ones.
    private static let bytesPerScan = 128

    /// However small the ids are.
    private static let mostObjects = 1500

    /// How many more scans a part of a run may have; the next part has the rest.
    func room(for slot: Slot) -> Int {
        max(
            1,
            min(Self.mostObjects - (self[slot]?.objects.count ?? 0), (Self.roomyBytes - json.count) / Self.bytesPerScan)
        )
    }

    private static let version = 1

    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 4096)
        json.object { json in
            json.member("version", Self.version)
            json.member(optional: "origin", origin?.iso8601Milliseconds)
            json.member(optional: "cursor", cursor?.iso8601Milliseconds)
            json.member(optional: "lastStart", lastStart?.iso8601Milliseconds)
            Self.write(settled, as: "settled", to: &json)
            Self.write(missing, as: "missing", to: &json)
            Self.write(run, as: "run", to: &json)
            Self.write(asked, as: "asked", to: &json)
        }
        return json.bytes
    }

    private static func write(_ scans: ScansByDay, as name: String, to json: inout JSONWriter) {
        json.key(name)
        json.object { json in
            for (day, ids) in scans.days.sorted(by: { $0.key < $1.key }) { json.member(day, ids.description) }
        }
    }

    private static func write(_ run: OpenRun?, as name: String, to json: inout JSONWriter) {
        guard let run else { return }
        json.key(name)
        json.object { json in
            json.member("started", run.started.iso8601Milliseconds)
            json.member("since", run.since.iso8601Milliseconds)
            json.member("until", run.until.iso8601Milliseconds)
            json.member("request", run.request)
            json.member("after", run.after)
            json.member("missing", IDRanges(run.missing).description)
            json.key("objects")
            json.array { json in
                for scan in run.objects {
                    json.array { json in
                        json.value(scan.id)
                        json.value(scan.bytes)
                        json.value(scan.sha256)
                    }
                }
            }
        }
    }

    /// - Throws: `JobStateError.unreadable` for what this program did not write.
    init(json: [UInt8], place: String) throws(JobStateError) {
        guard let saved = try? Saved(jsonText: json), saved.version == Self.version else {
            throw .unreadable(place)
        }
        origin = saved.origin.flatMap { Timestamp(iso8601: $0) }
        cursor = saved.cursor.flatMap { Timestamp(iso8601: $0) }
        lastStart = saved.lastStart.flatMap { Timestamp(iso8601: $0) }
        settled = try Self.scans(saved.settled, place)
        missing = try Self.scans(saved.missing ?? [:], place)
        run = try Self.open(saved.run, place)
        asked = try Self.open(saved.asked, place)
    }

    private static func scans(_ days: [String: String], _ place: String) throws(JobStateError) -> ScansByDay {
        var scans = ScansByDay()
        for (day, text) in days {
            guard let ranges = IDRanges(text) else { throw .unreadable(place) }
            scans.insert(day: day, ranges)
        }
        return scans
    }

    private static func open(_ run: Saved.Run?, _ place: String) throws(JobStateError) -> OpenRun? {
        guard let run else { return nil }
        guard let started = Timestamp(iso8601: run.started), let since = Timestamp(iso8601: run.since),
            let until = Timestamp(iso8601: run.until), let missing = IDRanges(run.missing)
        else { throw .unreadable(place) }
        return OpenRun(
            started: started,
            since: since,
            until: until,
            objects: run.objects.map(\.scan),
            request: run.request,
            after: run.after,
            missing: missing.ranges.flatMap { Array($0) }
        )
    }

    private struct Saved: JSONReadable {
        let version: Int
        let origin: String?
        let cursor: String?
        let lastStart: String?
        let settled: [String: String]
        let missing: [String: String]?
        let run: Run?
        let asked: Run?

        init(json: JSONValue) throws(JSONShapeFault) {
            version = try json.member("version")
            origin = try json.member(optional: "origin")
            cursor = try json.member(optional: "cursor")
            lastStart = try json.member(optional: "lastStart")
            settled = try json.member("settled")
            missing = try json.member(optional: "missing")
            run = try json.member(optional: "run")
            asked = try json.member(optional: "asked")
        }

        struct Run: JSONReadable {
            let started: String
            let since: String
            let until: String
            let request: String
            let after: Int64
            let missing: String
            let objects: [Object]

            init(json: JSONValue) throws(JSONShapeFault) {
                started = try json.member("started")
                since = try json.member("since")
                until = try json.member("until")
                request = try json.member("request")
                after = try json.member("after")
                missing = try json.member(optional: "missing") ?? ""
                objects = try json.member("objects")
            }
        }

        /// `[id, bytes, sha256]`
        struct Object: JSONReadable {
            let scan: ExportedScan

            init(json: JSONValue) throws(JSONShapeFault) {
                var values = json.elements
                guard let id = values.next()?.integer, let bytes = values.next()?.integer,
                    let sha256 = values.next()?.text
                else { throw json.otherType }
                scan = ExportedScan(id: id, bytes: bytes, sha256: sha256)
            }
        }
    }
}
