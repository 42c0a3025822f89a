import SQLite

/// Edges between two vertices that are there because an asset has both. CAR does not say which: so it is worked out who
/// has either end.
extension ChangeIndex {
    enum Side: String {
        case left
        case right
    }

    /// The collections at both ends, and the edge.
    struct Pairing {
        let edge: String
        let left: String
        let right: String

        subscript(side: Side) -> String { side == .left ? left : right }
    }

    static let pairings = [
        Pairing(edge: "ipaddress_vulnerability", left: "ipaddress", right: "vulnerability"),
        Pairing(edge: "ipaddress_macaddress", left: "ipaddress", right: "macaddress"),
        Pairing(edge: "application_vulnerability", left: "application", right: "vulnerability"),
    ]

    /// Pairs that an asset had and has no more, and that no asset of the scope has.
    ///
    /// Nearly all pairs are where they were: so it is first seen whether the asset itself still has both, and the few that
    /// remain are looked for elsewhere.
    func findCandidates(_ pairing: Pairing) throws {
        let now = "SELECT 1 FROM edge_now WHERE (edge, asset, key)"
        try database.execute(
            """
            INSERT OR IGNORE INTO candidate (edge, left, right) SELECT '\(pairing.edge)', l.key, r.key
            FROM edge_before l JOIN edge_before r ON r.asset = l.asset AND r.edge = 'asset_\(pairing.right)'
            WHERE l.edge = 'asset_\(pairing.left)' AND NOT (
                EXISTS (\(now) = (l.edge, l.asset, l.key)) AND EXISTS (\(now) = (r.edge, r.asset, r.key))
            );
            DELETE FROM candidate WHERE edge = '\(pairing.edge)' AND EXISTS (
                SELECT 1 FROM edge_now l JOIN edge_now r
                ON r.asset = l.asset AND r.edge = 'asset_\(pairing.right)' AND r.key = candidate.right
                WHERE l.edge = 'asset_\(pairing.left)' AND l.key = candidate.left
            );
            """,
            for: "finding pairs that are no more"
        )
    }

    /// An end of the candidates that may still be somebody's.
    func candidates(_ pairing: Pairing, _ side: Side) throws -> [String] {
        try list(
            "SELECT DISTINCT \(side) FROM candidate WHERE edge = ?1 AND NOT is_off ORDER BY 1",
            [pairing.edge]
        )
    }

    /// What stays a candidate after CAR was asked for the edges of its left end.
    func keep(_ pairing: Pairing, left: String, _ active: Set<String>) throws {
        let rights = try list(
            "SELECT right FROM candidate WHERE edge = ?1 AND left = ?2",
            [pairing.edge, left]
        )
        for right in rights where !active.contains(right) {
            forgetCandidate.bind(1, pairing.edge)
            forgetCandidate.bind(2, left)
            forgetCandidate.bind(3, right)
            try forgetCandidate.run()
        }
    }

    /// Adds the assets that Qualys has just told: of addresses it tells all.
    ///
    /// - Returns: False for a collection that CAR has to be asked for.
    func addTold(_ collection: String, _ pairing: Pairing, _ side: Side) throws -> Bool {
        guard let column = ["ipaddress": "address", "macaddress": "mac"][collection] else { return false }
        try database.execute(
            """
            INSERT OR IGNORE INTO holder SELECT '\(collection)', \(column), asset FROM asset_\(collection)
            WHERE \(column) IN (SELECT \(side) FROM candidate WHERE edge = '\(pairing.edge)')
            """,
            for: "finding who has an address"
        )
        return true
    }

    /// Whether CAR was asked already.
    func hasHolders(_ collection: String, _ key: String) throws -> Bool {
        try !list("SELECT 1 FROM holder WHERE collection = ?1 AND key = ?2 LIMIT 1", [collection, key]).isEmpty
    }

    /// - Throws: `NeedsFullImport` when an asset is missing of which CAR has told the edge before.
    func add(holders question: Question, _ assets: [String]) throws {
        let (collection, key) = question.end
        for asset in assets.compactMap({ Int64($0) }) {
            addHolder.bind(1, collection)
            addHolder.bind(2, key)
            addHolder.bind(3, asset)
            try addHolder.run()
        }
        let missing = try list(
            """
            SELECT asset FROM edge_before b WHERE edge = ?1 AND key = ?2 AND NOT EXISTS (
                SELECT 1 FROM holder h WHERE h.collection = ?3 AND h.key = b.key AND h.asset = b.asset
            ) LIMIT 1
            """,
            [question.edge, key, collection]
        )
        guard missing.isEmpty else {
            throw NeedsFullImport(description: "CAR's answer lacks an edge of \(collection) that it has told before.")
        }
    }

    /// The unchanged assets that have a vertex.
    func unchangedHolders(_ collection: String, _ key: String) throws -> Set<Int64> {
        let found = try list(
            "SELECT asset FROM holder WHERE collection = ?1 AND key = ?2 AND asset IN (SELECT id FROM asset) "
                + "AND asset NOT IN scope",
            [collection, key]
        )
        return Set(found.compactMap { Int64($0) })
    }

    /// Marks the candidates that no unchanged asset has: either whose left end none has, or of which none has both. Those of
    /// changed assets are no candidates.
    func markOff(_ pairing: Pairing, _ side: Side) throws {
        let both =
            side == .left
            ? ""
            : "JOIN holder r ON r.asset = l.asset AND r.collection = '\(pairing.right)' AND r.key = candidate.right"
        try database.execute(
            """
            UPDATE candidate SET is_off = 1 WHERE edge = '\(pairing.edge)' AND NOT EXISTS (
                SELECT 1 FROM holder l \(both) WHERE l.collection = '\(pairing.left)' AND l.key = candidate.left
                AND l.asset IN (SELECT id FROM asset) AND l.asset NOT IN scope
            )
            """,
            for: "marking pairs that are no more"
        )
    }

    func pairsToSwitchOff(of edge: String) throws -> [(left: String, right: String)] {
        let rows = try database.prepare(
            "SELECT left, right FROM candidate WHERE edge = ?1 AND is_off ORDER BY left, right",
            for: "listing pairs"
        )
        rows.bind(1, edge)
        var found: [(String, String)] = []
        while try rows.step() { found.append((rows.text(at: 0) ?? "", rows.text(at: 1) ?? "")) }
        return found
    }
}
