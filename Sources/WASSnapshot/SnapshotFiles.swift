import Support

/// The names of what a run writes: those of QualysETL for pages and CSV.
struct SnapshotFiles: Sendable {
    /// When there is no filter: before there was anything.
    static let beginning = "2000-01-01T00:00:00Z"
    static let latest = "was/snapshots/latest.json"

    let run: Timestamp

    /// Nil when everything is read.
    let since: Timestamp?

    /// How often the run was published before.
    var published = 0

    var folder: String { "was/snapshots/\(run.basicISO8601)/" }
    var database: String { plainDatabase + ".gz" }
    var plainDatabase: String { folder + "was_sqlite\(again).db" }
    var manifest: String { folder + "manifest\(again).json" }

    /// A retry touches nothing that was published.
    private var again: String { published == 0 ? "" : "-\(published + 1)" }

    func count(_ kind: String) -> String { page("was_count_\(kind)", batch: Self.batch(0)) }

    func webApps(page number: Int) -> String { page("was_webapp", batch: Self.batch(number)) }

    func catalog(page number: Int) -> String { page("was_catalog", batch: Self.batch(number)) }

    /// - Parameter batch: As `batch(_:webApp:page:)` has it.
    func webApp(batch: String) -> String { page("was_webapp_detail", batch: batch) }

    func findings(batch: String) -> String { page("was_finding_detail", batch: batch) }

    func csv(_ table: String) -> String { "\(folder)csv/\(table)\(dates)_batch_000000\(again).csv.gz" }

    /// What the database says of where a row comes from.
    ///
    /// - Parameters:
    ///   - listing: The page of the list of web applications, or of the catalog, from 1 on.
    ///   - webApp: Of a web application's own pages.
    ///   - page: Of its findings, from 1 on.
    static func batch(_ listing: Int, webApp: Int64? = nil, page: Int? = nil) -> String {
        padded(listing, 6) + (webApp.map { "_webapp_id_\($0)" } ?? "") + (page.map { "_\(padded($0, 3))" } ?? "")
    }

    private func page(_ kind: String, batch: String) -> String {
        "\(folder)json/\(kind)\(dates)_batch_\(batch).json.gz"
    }

    private var dates: String {
        "_utc_run_datetime_\(run.iso8601)_utc_last_scan_date_\(since?.iso8601 ?? Self.beginning)"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
