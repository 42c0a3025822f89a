/// The collections of the graph and what each is made of: the mapping as data, over the tables of `ImportIndex`.
///
/// A collection is a query whose columns are the members in order; a column without a value is a member that is left out.
enum GraphMapping {
    /// Collections whose vertices are known by `_key`; all others are known by `external_id`.
    static let keyed: Set<String> = ["ipaddress", "macaddress", "hostname"]

    /// How a column is written.
    enum Form {
        case text
        case number
        /// The reference to a vertex with a key: the collection's name, a slash and the key.
        case reference(String)
    }

    struct Member {
        let name: String
        let form: Form

        init(_ name: String, _ form: Form = .text) {
            self.name = name
            self.form = form
        }
    }

    struct Collection {
        let name: String
        let members: [Member]
        let query: String

        init(_ name: String, _ members: [Member], _ query: String) {
            self.name = name
            self.members = members
            self.query = query
        }
    }

    /// Which assets are sent: all, or those in the table `scope`, which an incremental import fills.
    enum Scope {
        case everything
        case changed

        func including(_ asset: String) -> String {
            self == .everything ? "TRUE" : "\(asset) IN scope"
        }

        /// Rows of a table of shared vertices that an asset of the scope has, or had.
        fileprivate func reached(_ key: String, by table: String, _ column: String, _ collection: String) -> String {
            guard self == .changed else { return "TRUE" }
            return "(\(key) IN (SELECT \(column) FROM \(table) WHERE asset IN scope)"
                + " OR \(key) IN (SELECT key FROM lost WHERE collection = '\(collection)'))"
        }
    }

    /// All vertices.
    static func vertices(_ scope: Scope) -> [Collection] {
        [
            Collection(
                "asset",
                [Member("external_id"), Member("name"), Member("asset_type"), Member("description")],
                "SELECT id, name, asset_type, description FROM asset WHERE \(scope.including("id")) ORDER BY id"
            ),
            Collection(
                "ipaddress",
                [Member("_key")],
                "SELECT DISTINCT address FROM asset_ipaddress WHERE \(scope.including("asset")) ORDER BY address"
            ),
            Collection(
                "macaddress",
                [Member("_key"), Member("interface")],
                "SELECT key, interface FROM macaddress WHERE \(scope.reached("key", by: "asset_macaddress", "mac", "macaddress")) "
                    + "ORDER BY key"
            ),
            Collection(
                "hostname",
                [Member("_key"), Member("host_name"), Member("external_id")],
                "SELECT key, host_name, external_id FROM hostname "
                    + "WHERE \(scope.reached("key", by: "asset_hostname", "hostname", "hostname")) ORDER BY key"
            ),
            Collection(
                "account",
                [Member("external_id"), Member("name")],
                "SELECT DISTINCT username, username FROM asset_account WHERE \(scope.including("asset")) ORDER BY 1"
            ),
            Collection(
                "user",
                [Member("external_id")],
                "SELECT DISTINCT username FROM asset_account WHERE \(scope.including("asset")) ORDER BY 1"
            ),
            Collection(
                "geolocation",
                [Member("external_id"), Member("region")],
                "SELECT DISTINCT region, region FROM asset_geolocation WHERE \(scope.including("asset")) ORDER BY 1"
            ),
            Collection(
                "application",
                [Member("external_id"), Member("name")],
                "SELECT id, name FROM application WHERE name IS NOT NULL "
                    + "AND \(scope.reached("number", by: "asset_application", "application", "")) ORDER BY number"
            ),
            Collection(
                "vulnerability",
                [
                    Member("external_id"), Member("name"), Member("description"), Member("base_score", .number),
                    Member("xfr_cvss2_base", .number), Member("xfr_cvss3_base", .number), Member("cve_ids"),
                    Member("diagnosis"), Member("consequence"), Member("solution"),
                ],
                "SELECT qid, coalesce(title, 'Host Instance Vulnerability'), description, base_score, cvss2, cvss3, cve_ids, "
                    + "diagnosis, consequence, solution FROM vulnerability WHERE qid NOT IN refused_qid ORDER BY qid"
            ),
        ]
    }

    /// The edges of assets but for `asset_vulnerability`, which is expanded from lists (`GraphWriter`).
    static func assetEdges(_ scope: Scope) -> [Collection] {
        [
            toKey("asset_ipaddress", "ipaddress", "address", scope),
            toKey("asset_macaddress", "macaddress", "mac", scope),
            toKey("asset_hostname", "hostname", "hostname", scope),
            toID("asset_account", "username", scope),
            toID("asset_geolocation", "region", scope),
            Collection(
                "asset_application",
                [Member("_from_external_id"), Member("_to_external_id")],
                "SELECT DISTINCT asset, id FROM asset_application JOIN application ON number = application "
                    + "WHERE name IS NOT NULL AND \(scope.including("asset")) ORDER BY asset, number"
            ),
        ]
    }

    /// Edges that are there because something else is: but for `ipaddress_vulnerability`, each address with each QID of an
    /// asset (`GraphWriter`).
    static func pairings(_ scope: Scope) -> [Collection] {
        [
            Collection(
                "user_account",
                [Member("_from_external_id"), Member("_to_external_id")],
                "SELECT DISTINCT username, username FROM asset_account WHERE \(scope.including("asset")) ORDER BY 1"
            ),
            Collection(
                "ipaddress_macaddress",
                [Member("_from", .reference("ipaddress")), Member("_to", .reference("macaddress"))],
                "SELECT DISTINCT address, mac FROM interface WHERE \(scope.including("asset")) ORDER BY address, mac"
            ),
            Collection(
                "application_vulnerability",
                [Member("_from_external_id"), Member("_to_external_id")],
                "SELECT id, application_vulnerability.qid FROM application_vulnerability "
                    + "JOIN application ON number = application "
                    + "WHERE name IS NOT NULL AND qid NOT IN refused_qid ORDER BY number, qid"
            ),
        ]
    }

    private static func toKey(_ name: String, _ end: String, _ column: String, _ scope: Scope) -> Collection {
        Collection(
            name,
            [Member("_from_external_id"), Member("_to", .reference(end))],
            "SELECT asset, \(column) FROM \(name) WHERE \(scope.including("asset")) ORDER BY asset, \(column)"
        )
    }

    private static func toID(_ name: String, _ column: String, _ scope: Scope) -> Collection {
        Collection(
            name,
            [Member("_from_external_id"), Member("_to_external_id")],
            "SELECT asset, \(column) FROM \(name) WHERE \(scope.including("asset")) ORDER BY asset, \(column)"
        )
    }
}
