import JSONStream
import SQLite

/// Puts host assets into the index: the vertices and edges that come of an asset alone.
final class HostAssetReader {
    private let index: ImportIndex
    private let asset: Statement
    private let macAddress: Statement
    private let hostname: Statement
    private let edges: [String: Statement]
    private let interface: Statement

    init(_ index: ImportIndex) throws {
        self.index = index
        let database = index.database
        asset = try database.prepare(
            "INSERT OR REPLACE INTO asset VALUES (?1, ?2, ?3, ?4, ?5)",
            for: "adding an asset"
        )
        // Of several assets the lowest gives a member, and of several of its items the first.
        macAddress = try database.prepare(
            """
            INSERT INTO macaddress VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE
            SET interface = excluded.interface, interface_asset = excluded.interface_asset
            WHERE excluded.interface IS NOT NULL
                AND (interface IS NULL OR excluded.interface_asset < interface_asset)
            """,
            for: "adding a MAC address"
        )
        hostname = try database.prepare(
            """
            INSERT INTO hostname VALUES (?1, ?2, ?3, ?4, ?3) ON CONFLICT DO UPDATE SET
            host_name = iif(excluded.host_name_asset < host_name_asset, excluded.host_name, host_name),
            host_name_asset = min(excluded.host_name_asset, host_name_asset),
            external_id = iif(
                excluded.external_id IS NOT NULL
                    AND (external_id IS NULL OR excluded.external_id_asset < external_id_asset),
                excluded.external_id, external_id
            ),
            external_id_asset = iif(
                excluded.external_id IS NOT NULL
                    AND (external_id IS NULL OR excluded.external_id_asset < external_id_asset),
                excluded.external_id_asset, external_id_asset
            )
            """,
            for: "adding a host name"
        )
        var edges: [String: Statement] = [:]
        for table in ["asset_ipaddress", "asset_macaddress", "asset_hostname", "asset_account", "asset_geolocation"] {
            edges[table] = try database.prepare(
                "INSERT OR IGNORE INTO \(table) VALUES (?1, ?2)",
                for: "adding \(table)"
            )
        }
        self.edges = edges
        interface = try database.prepare(
            "INSERT OR IGNORE INTO interface VALUES (?1, ?2, ?3)",
            for: "adding an interface"
        )
    }

    /// - Parameter record: An element of `data`: `{"HostAsset": {...}}`.
    func add(_ record: JSONValue) throws {
        guard let item = record["HostAsset"] else { return }
        guard let id = item["id"]?.plain.flatMap({ Int64($0) }) else {
            return try index.refuse("asset", item["id"]?.plain ?? "")
        }
        let host = item["qwebHostId"]?.plain
        let name = item["name"]?.plain
        let dns = item["dnsHostName"]?.plain
        let type = item["type"]?.plain
        let names = [name, dns, item["netbiosName"]?.plain, item["address"]?.plain, String(id)]
        let about = [item["os"]?.plain, type?.lowerCased, name].compactMap { $0 }
        asset.bind(1, id)
        asset.bind(2, host)
        asset.bind(3, names.lazy.compactMap { $0 }.first?.lowerCased)
        asset.bind(4, item["type"]?.sent)
        asset.bind(5, about.isEmpty ? nil : about.joined(separator: " "))
        try asset.run()
        try addHostname(id, name: name, dns: dns, host: host)
        for account in items(item["account"], "HostAssetAccount") {
            try addEdge("asset_account", id, account["username"]?.plain)
        }
        for place in item["sourceInfo"]?["list"]?.items ?? [] {
            for (_, place) in place.members {
                let region = ["region", "location", "zone"].lazy.compactMap { place[$0]?.plain }.first
                try addEdge("asset_geolocation", id, region)
            }
        }
        for item in items(item["networkInterface"], "HostAssetInterface") { try addInterface(id, item) }
    }

    private func addHostname(_ id: Int64, name: String?, dns: String?, host: String?) throws {
        guard let key = (dns ?? name)?.lowerCased else { return }
        guard KeyPattern.isHostname(key) else { return try index.refuse("hostname", key) }
        hostname.bind(1, key)
        hostname.bind(2, name?.lowerCased ?? key)
        hostname.bind(3, id)
        hostname.bind(4, host)
        try hostname.run()
        try addEdge("asset_hostname", id, key)
    }

    private func addInterface(_ id: Int64, _ item: JSONValue) throws {
        var address = item["address"]?.plain?.lowerCased
        if let key = address, !KeyPattern.isAddress(key) {
            try index.refuse("ipaddress", key)
            address = nil
        }
        var mac = item["macAddress"]?.plain.map { String($0.lowerCased.map { $0 == "-" ? ":" : $0 }) }
        if let key = mac, !KeyPattern.isMAC(key) {
            try index.refuse("macaddress", key)
            mac = nil
        }
        try addEdge("asset_ipaddress", id, address)
        guard let mac else { return }
        macAddress.bind(1, mac)
        macAddress.bind(2, item["interfaceName"]?.sent)
        macAddress.bind(3, id)
        try macAddress.run()
        try addEdge("asset_macaddress", id, mac)
        guard let address else { return }
        interface.bind(1, id)
        interface.bind(2, address)
        interface.bind(3, mac)
        try interface.run()
    }

    private func addEdge(_ table: String, _ asset: Int64, _ key: String?) throws {
        guard let key, let edge = edges[table] else { return }
        edge.bind(1, asset)
        edge.bind(2, key)
        try edge.run()
    }

    /// The items of a list, without the name that each is wrapped in.
    private func items(_ value: JSONValue?, _ kind: String) -> [JSONValue] {
        (value?["list"]?.items ?? []).compactMap { $0[kind] }
    }
}
