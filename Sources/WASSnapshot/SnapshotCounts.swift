/// How many there are, as Qualys counts them, or as they are in the database.
struct SnapshotCounts: Sendable, Equatable {
    var webApps = 0
    var findings = 0
    var catalog = 0

    /// Why rows cannot be all that Qualys counts.
    enum Objection: Sendable, Equatable {
        /// Too many web applications could not be read: another time they may.
        case unread(String)
        /// What came is not all: it has to be asked for anew.
        case short(String)
    }

    /// Nil when they may be all. Both change while they are read.
    ///
    /// - Parameter unread: Web applications that could not be read, or were not there any more.
    func objection(to loaded: SnapshotCounts, unread: Int) -> Objection? {
        if unread > Self.tolerated(of: webApps) {
            return .unread("\(unread) of \(webApps) web applications could not be read, or are gone")
        }
        // Nobody knows how many findings those have that could not be read.
        let unknown = unread == 0 ? 0 : findings / 2
        for (what, counted, came, tolerated) in [
            ("web applications", webApps, loaded.webApps, Self.tolerated(of: webApps)),
            ("findings", findings, loaded.findings, max(unknown, Self.tolerated(of: findings))),
            ("rows of the catalog", catalog, loaded.catalog, Self.tolerated(of: catalog)),
        ] where counted - came > tolerated {
            return .short("Qualys counts \(counted) \(what), and \(came) came")
        }
        return nil
    }

    private static func tolerated(of count: Int) -> Int { max(5, count / 10) }
}
