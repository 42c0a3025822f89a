import JSONStream
import Jobs
import Support

/// A web application as the list has it.
struct ListedApplication: Sendable, Equatable {
    let id: Int64

    /// In the whole list, from 0 on.
    let place: Int64

    /// The page of the list, from 1 on.
    let page: Int
    let updated: Timestamp?

    /// Nil for a record that is no web application.
    init?(_ record: JSONValue, place: Int64, page: Int) {
        guard let application = record["WebApp"], let id = application["id"]?.integer else { return nil }
        self.id = id
        self.place = place
        self.page = page
        updated = application["updatedDate"]?.text.flatMap { Timestamp(iso8601: $0) }
    }

    /// How it is called in a list of what is missing.
    var name: String { "\(Self.kind)\(id)" }

    /// The id of a web application that is missing; nil for anything else.
    static func id(of missing: JobError.Missing) -> Int64? {
        missing.id.hasPrefix(kind) ? Int64(missing.id.dropFirst(kind.count)) : nil
    }

    private static let kind = "webapp "

    /// One that is read once more, when the list is through: its place is none of the list's.
    init(again id: Int64) {
        self.id = id
        place = -1
        page = 0
        updated = nil
    }
}

/// Which web applications of the list are read.
struct ApplicationChoice: Sendable {
    /// Nil: all of them.
    private let changes: Changes?

    struct Changes: Sendable {
        let since: Timestamp

        /// Those to which something happened that their own time of change does not tell.
        let touched: Set<Int64>

        /// Those that are in the snapshot already.
        let known: Set<Int64>
    }

    init(_ changes: Changes? = nil) {
        self.changes = changes
    }

    func isRead(_ application: ListedApplication) -> Bool {
        guard let changes else { return true }
        guard changes.known.contains(application.id), !changes.touched.contains(application.id),
            let updated = application.updated
        else { return true }
        return updated >= changes.since
    }
}
