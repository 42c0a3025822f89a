import FoundationEssentials
import Jobs
import Support

/// `was/snapshots/latest.json`: which run is the last good one. It is written last, so that it never names one that is not
/// complete.
struct LatestSnapshot: Sendable, Equatable {
    let run: String
    let started: Timestamp

    /// Below the output's prefix.
    let database: StoredObject
    let manifest: String
    let csv: [String]

    static func read(_ json: [UInt8]) -> LatestSnapshot? {
        guard let saved = try? JSONDecoder().decode(Saved.self, from: Data(json)),
            let started = Timestamp(iso8601: saved.started)
        else { return nil }
        return LatestSnapshot(
            run: saved.run,
            started: started,
            database: StoredObject(
                key: saved.database.key,
                bytes: saved.database.bytes,
                sha256: saved.database.sha256
            ),
            manifest: saved.manifest,
            csv: saved.csv
        )
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

    private struct Saved: Decodable {
        let run: String
        let started: String
        let database: Object
        let manifest: String
        let csv: [String]

        struct Object: Decodable {
            let key: String
            let bytes: Int64
            let sha256: String
        }
    }
}
