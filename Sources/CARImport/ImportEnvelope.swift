package import Support

/// What every import of a run begins with, and every edge ends with.
package struct ImportEnvelope: Sendable {
    /// The most objects of one import that CAR takes.
    package static let mostObjects = 2000

    /// An import is handed over when it has so many bytes, even if it has fewer objects.
    static let fullSize = 4 << 20

    package let source: String
    package let timestamp: Timestamp

    /// Objects of one import.
    let objects: Int

    package init(source: String, timestamp: Timestamp, objects: Int = ImportEnvelope.mostObjects) {
        self.source = source
        self.timestamp = timestamp
        self.objects = min(max(1, objects), ImportEnvelope.mostObjects)
    }

    private var report: String { String(timestamp.milliseconds) }

    /// `{"source":{...},"report":{...}`, which the collections follow.
    var head: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("source")
            json.object { json in
                json.member("_key", source)
                json.member("name", "Qualys")
                json.member("description", "Hosts, software and vulnerabilities as Qualys knows them")
                json.member("product_link", "https://www.qualys.com/")
            }
            json.key("report")
            json.object { json in
                json.member("_key", report)
                json.member("timestamp", timestamp.milliseconds)
                json.member("type", "Qualys")
                json.member("description", "Qualys reports")
            }
        }
        return json.bytes.dropLast()
    }

    /// An import of source and report alone.
    package var opening: [UInt8] { head + [UInt8(ascii: "}")] }

    /// What an edge ends with.
    var edgeTail: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("report", report)
            json.member("source", source)
            json.key("active")
            json.value(true)
            json.member("timestamp", timestamp.milliseconds)
        }
        return [UInt8(ascii: ",")] + json.bytes.dropFirst()
    }

    /// What a vertex ends with.
    var vertexTail: [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("source", source) }
        return [UInt8(ascii: ",")] + json.bytes.dropFirst()
    }
}

/// Collects the objects of one collection into imports.
struct ImportBatch {
    private let head: [UInt8]
    private let most: Int
    private(set) var bytes: [UInt8] = []
    private var inBatch = 0
    private(set) var count = 0

    init(_ envelope: ImportEnvelope, _ collection: String) {
        head = envelope.head + Array(",\"\(collection)\":[".utf8)
        most = envelope.objects
        bytes.reserveCapacity(512 << 10)
    }

    /// Adds an object; `write` appends it, without a comma.
    mutating func add(_ write: (inout [UInt8]) throws -> Void) rethrows {
        if inBatch == 0 { bytes += head } else { bytes.append(UInt8(ascii: ",")) }
        try write(&bytes)
        inBatch += 1
        count += 1
    }

    var isFull: Bool { inBatch == most || bytes.count >= ImportEnvelope.fullSize }

    /// The import, when there is something in it; the next begins.
    mutating func take() -> [UInt8]? {
        guard inBatch > 0 else { return nil }
        bytes.append(UInt8(ascii: "]"))
        bytes.append(UInt8(ascii: "}"))
        inBatch = 0
        defer {
            bytes = []
            bytes.reserveCapacity(512 << 10)
        }
        return bytes
    }
}
