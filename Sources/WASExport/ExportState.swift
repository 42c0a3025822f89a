import FoundationEssentials
import Jobs
import Support

/// What an export remembers from run to run.
struct ExportState: Sendable, Equatable {
    /// From when on finished scans are exported: the first run's `since`.
    var origin: Timestamp?

    /// Up to when the last run went.
    var cursor: Timestamp?

    /// Scans that need not be looked at again, by the day of their launch: exported, or finished before the origin.
    var settled = SettledScans()

    /// The run that was begun and is not finished.
    var run: OpenRun?

    struct OpenRun: Sendable, Equatable {
        let started: Timestamp
        let since: Timestamp
        let until: Timestamp
        var objects: [StoredObject] = []

        var name: String { started.basicISO8601 }
    }
}

/// Ids by day of launch, as short ranges: a week of thousands of scans fits into one row.
struct SettledScans: Sendable, Equatable {
    /// The key is `YYYYMMDD`.
    private(set) var days: [String: IDRanges] = [:]

    func contains(_ id: Int64) -> Bool {
        days.values.contains { $0.contains(id) }
    }

    mutating func insert(_ id: Int64, launched: Timestamp) {
        days[launched.day, default: IDRanges()].insert(id)
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
    private static let version = 1

    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 4096)
        json.object { json in
            json.member("version", Self.version)
            json.member(optional: "origin", origin?.iso8601Milliseconds)
            json.member(optional: "cursor", cursor?.iso8601Milliseconds)
            json.key("settled")
            json.object { json in
                for (day, ids) in settled.days.sorted(by: { $0.key < $1.key }) { json.member(day, ids.description) }
            }
            if let run {
                json.key("run")
                json.object { json in
                    json.member("started", run.started.iso8601Milliseconds)
                    json.member("since", run.since.iso8601Milliseconds)
                    json.member("until", run.until.iso8601Milliseconds)
                    json.key("objects")
                    json.array { json in
                        for object in run.objects {
                            json.array { json in
                                json.value(object.key)
                                json.value(object.bytes)
                                json.value(object.sha256)
                            }
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    /// - Throws: `JobStateError.unreadable` for what this program did not write.
    init(json: [UInt8], place: String) throws(JobStateError) {
        guard let saved = try? JSONDecoder().decode(Saved.self, from: Data(json)), saved.version == Self.version else {
            throw .unreadable(place)
        }
        origin = saved.origin.flatMap { Timestamp(iso8601: $0) }
        cursor = saved.cursor.flatMap { Timestamp(iso8601: $0) }
        for (day, text) in saved.settled {
            guard let ranges = IDRanges(text) else { throw .unreadable(place) }
            settled.insert(day: day, ranges)
        }
        if let run = saved.run {
            guard let started = Timestamp(iso8601: run.started), let since = Timestamp(iso8601: run.since),
                let until = Timestamp(iso8601: run.until)
            else { throw .unreadable(place) }
            self.run = OpenRun(
                started: started,
                since: since,
                until: until,
                objects: run.objects.map { StoredObject(key: $0.key, bytes: $0.bytes, sha256: $0.sha256) }
            )
        }
    }

    private struct Saved: Decodable {
        let version: Int
        let origin: String?
        let cursor: String?
        let settled: [String: String]
        let run: Run?

        struct Run: Decodable {
            let started: String
            let since: String
            let until: String
            let objects: [Object]
        }

        /// `[key, bytes, sha256]`
        struct Object: Decodable {
            let key: String
            let bytes: Int64
            let sha256: String

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                key = try values.decode(String.self)
                bytes = try values.decode(Int64.self)
                sha256 = try values.decode(String.self)
            }
        }
    }
}
