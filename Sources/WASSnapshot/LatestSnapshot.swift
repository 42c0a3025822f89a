import JSONStream
import Jobs
import Support

/// `was/snapshots/latest.json`: which run is the last good one. It is written last, so that it never names one that is not
/// complete.
struct LatestSnapshot: Sendable, Equatable {
    let run: String

    /// What changed before then is in it.
    let started: Timestamp

    /// Web applications that could not be read: the next update reads them, whether they changed since or not.
    var unread: [Int64] = []

    /// Below the output's prefix.
    let database: StoredObject
    let manifest: String
    let csv: [String]

    /// Nil for what this program did not write.
    static func read(_ json: [UInt8]) -> LatestSnapshot? {
        try? LatestSnapshot(jsonText: json)
    }

    /// - Parameters:
    ///   - status: Of the run: `done` or `partial`.
    ///   - counts: The rows that are in it.
    func json(status: String, counts: [JobCount], finished: Timestamp) -> [UInt8] {
        var json = JSONWriter(reservingCapacity: 1024)
        json.object { json in
            json.member("job", JobName.wasSnapshot.rawValue)
            json.member("run", run)
            json.member("status", status)
            json.member("started", started.iso8601)
            json.member("finished", finished.iso8601)
            json.key("unread")
            json.array { json in
                for id in unread { json.value(id) }
            }
            json.key("counts")
            json.counts(counts)
            json.key("database")
            json.object { json in
                json.member("key", database.key)
                json.member("bytes", database.bytes)
                json.member("sha256", database.sha256)
            }
            json.key("csv")
            json.array { json in
                for key in csv { json.value(key) }
            }
            json.member("manifest", manifest)
        }
        return json.bytes
    }
}

extension LatestSnapshot: JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault) {
        let database: SavedObject = try json.member("database")
        let start: String = try json.member("started")
        guard let started = Timestamp(iso8601: start) else { throw json.otherType }
        run = try json.member("run")
        self.started = started
        unread = try json.member(optional: "unread") ?? []
        self.database = database.object
        manifest = try json.member("manifest")
        csv = try json.member("csv")
    }

    private struct SavedObject: JSONReadable {
        let object: StoredObject

        init(json: JSONValue) throws(JSONShapeFault) {
            object = StoredObject(
                key: try json.member("key"),
                bytes: try json.member("bytes"),
                sha256: try json.member("sha256")
            )
        }
    }
}
