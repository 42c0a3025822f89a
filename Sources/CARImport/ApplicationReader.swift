import JSONStream
import SQLite

/// Puts the applications of the gateway's inventory into the index, of assets that are there.
final class ApplicationReader {
    private let index: ImportIndex
    private let asset: Statement
    private let application: Statement
    private let applicationNumber: Statement
    private let product: Statement
    private let productNumber: Statement
    private let edge: Statement

    init(_ index: ImportIndex) throws {
        self.index = index
        let database = index.database
        asset = try database.prepare("SELECT 1 FROM asset WHERE id = ?1", for: "looking for an asset")
        application = try database.prepare(
            """
            INSERT INTO application (id, name, name_asset) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE
            SET name = excluded.name, name_asset = excluded.name_asset
            WHERE excluded.name IS NOT NULL AND (name IS NULL OR excluded.name_asset < name_asset)
            """,
            for: "adding an application"
        )
        applicationNumber = try database.prepare(
            "SELECT number FROM application WHERE id = ?1",
            for: "looking for an application"
        )
        product = try database.prepare("INSERT OR IGNORE INTO product (name) VALUES (?1)", for: "adding a product")
        productNumber = try database.prepare("SELECT number FROM product WHERE name = ?1", for: "looking for a product")
        edge = try database.prepare(
            "INSERT OR IGNORE INTO asset_application VALUES (?1, ?2, ?3)",
            for: "adding an application of an asset"
        )
    }

    /// - Parameter item: An element of `assetListData.asset`.
    func add(_ item: JSONValue) throws {
        guard let id = item["assetId"]?.plain.flatMap({ Int64($0) }) else { return }
        asset.bind(1, id)
        guard try asset.step() else { return }
        asset.reset()
        for software in item["softwareListData"]?["software"]?.items ?? [] {
            let type = software["softwareType"]?.plain
            guard type == nil || type == "Application", let key = software["id"]?.plain else { continue }
            let name = software["productName"]?.plain
            application.bind(1, key)
            application.bind(2, software["fullName"]?.plain ?? name)
            application.bind(3, id)
            try application.run()
            edge.bind(1, id)
            edge.bind(2, try number(applicationNumber, key))
            // 0: a product that says nothing of detections.
            edge.bind(3, try name.flatMap { $0 == "Unknown" ? nil : try productNumber(of: $0.lowerCased) } ?? Int64(0))
            try edge.run()
        }
    }

    private func productNumber(of name: String) throws -> Int64? {
        product.bind(1, name)
        try product.run()
        return try number(productNumber, name)
    }

    private func number(_ statement: Statement, _ key: String) throws -> Int64? {
        statement.bind(1, key)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(at: 0) : nil
    }
}
