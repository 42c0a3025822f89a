import JSONStream
import Jobs
import Support

/// What a snapshot remembers while it is not done: how far it is, so that the next run reads only the rest from Qualys.
/// The pages themselves are in the output.
struct SnapshotState: Sendable, Equatable {
    /// One that brought nothing new for so long, or is so old, is begun anew: a snapshot is of one point in time.
    static let lifetime = (idle: Duration.seconds(86400), whole: Duration.seconds(7 * 86400))

    /// What was asked for: another request begins anew.
    let request: String
    let started: Timestamp

    /// When something new was stored last.
    var progressed: Timestamp

    /// Nil when everything is read.
    let since: Timestamp?

    /// The run that changes are written into.
    let base: String?

    /// Pages of the list of web applications.
    var listing = Cursor()
    var catalog = Cursor()

    /// Web applications that were read, by their place in the list, from 0 on: places are dense, and ranges of them short.
    var done = IDRanges()

    /// How often the run has appeared in `latest.json`: a retry must not touch the database that stands there.
    var published = 0

    /// Whose run it was when all of it was tried, and some of it failed: only a retry of that run goes on.
    var partialOwner = ""

    struct Cursor: Sendable, Equatable {
        /// Pages that are stored.
        var pages = 0

        /// The id after which the next page begins.
        var after: Int64 = 0

        /// There is no further page.
        var isAtEnd = false
    }

    init(request: String, started: Timestamp, since: Timestamp?, base: String?) {
        self.request = request
        self.started = started
        progressed = started
        self.since = since
        self.base = base
    }

    /// Whether a run goes on with it.
    func isGoneOnWith(_ request: String, owner: String, at now: Timestamp) -> Bool {
        request == self.request && (partialOwner.isEmpty || partialOwner == owner)
            && now - progressed < Self.lifetime.idle && now - started < Self.lifetime.whole
    }
}

extension SnapshotState {
    private static let version = 1

    /// What is left when a run is complete: nothing.
    static let empty = Array("{\"version\":\(version)}".utf8)

    var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 1024)
        json.object { json in
            json.member("version", Self.version)
            json.key("run")
            json.object { json in
                json.member("request", request)
                json.member("started", started.iso8601Milliseconds)
                json.member("progressed", progressed.iso8601Milliseconds)
                json.member(optional: "since", since?.iso8601Milliseconds)
                json.member(optional: "base", base)
                Self.write(listing, as: "listing", to: &json)
                Self.write(catalog, as: "catalog", to: &json)
                json.member("done", done.description)
                json.member("published", published)
                json.member("partialOwner", partialOwner)
            }
        }
        return json.bytes
    }

    private static func write(_ cursor: Cursor, as name: String, to json: inout JSONWriter) {
        json.key(name)
        json.object { json in
            json.member("pages", cursor.pages)
            json.member("after", cursor.after)
            json.key("isAtEnd")
            json.value(cursor.isAtEnd)
        }
    }

    /// - Returns: Nil when no run is open.
    /// - Throws: `JobStateError.unreadable` for what this program did not write.
    static func read(_ json: [UInt8], place: String) throws(JobStateError) -> SnapshotState? {
        guard let saved = try? Saved(jsonText: json), saved.version == version else {
            throw .unreadable(place)
        }
        guard let run = saved.run else { return nil }
        guard let started = Timestamp(iso8601: run.started), let done = IDRanges(run.done) else {
            throw .unreadable(place)
        }
        let since = run.since.flatMap { Timestamp(iso8601: $0) }
        var state = SnapshotState(request: run.request, started: started, since: since, base: run.base)
        state.progressed = run.progressed.flatMap { Timestamp(iso8601: $0) } ?? started
        state.listing = run.listing
        state.catalog = run.catalog
        state.done = done
        state.published = run.published
        state.partialOwner = run.partialOwner
        return state
    }

    private struct Saved: JSONReadable {
        let version: Int
        let run: Run?

        init(json: JSONValue) throws(JSONShapeFault) {
            version = try json.member("version")
            run = try json.member(optional: "run")
        }

        struct Run: JSONReadable {
            let request: String
            let started: String
            let progressed: String?
            let since: String?
            let base: String?
            let listing: Cursor
            let catalog: Cursor
            let done: String
            let published: Int
            let partialOwner: String

            init(json: JSONValue) throws(JSONShapeFault) {
                request = try json.member("request")
                started = try json.member("started")
                progressed = try json.member(optional: "progressed")
                since = try json.member(optional: "since")
                base = try json.member(optional: "base")
                listing = try json.member("listing")
                catalog = try json.member("catalog")
                done = try json.member("done")
                published = try json.member(optional: "published") ?? 0
                partialOwner = try json.member("partialOwner")
            }
        }
    }
}

extension SnapshotState.Cursor: JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault) {
        pages = try json.member("pages")
        after = try json.member("after")
        isAtEnd = try json.member("isAtEnd")
    }
}
