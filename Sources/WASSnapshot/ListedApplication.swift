import JSONStream
import Jobs
import QualysAPI
import Support

/// A web application as the list has it.
struct ListedApplication: Sendable, Equatable {
    let id: Int64

    /// In the whole list, from 0 on.
    let place: Int64

    /// The page of the list, from 1 on.
    let page: Int
    let updated: Timestamp?

    /// - Throws: For a record that is no web application with an id: left out, it would be missed by nobody.
    init(_ record: JSONValue, place: Int64, page: Int) throws(QualysError) {
        guard let application = record["WebApp"], let id = application["id"]?.id else {
            throw QualysError(
                .unreadable,
                call: SnapshotCalls.webApps().call(after: 0).name,
                status: 200,
                message: "A record of the list is no web application with an id."
            )
        }
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

extension JSONValue {
    /// A number, or one that is written as a text.
    var id: Int64? { scalarText.flatMap { Int64($0) } }
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
