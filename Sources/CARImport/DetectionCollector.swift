import SQLite
import Support

/// Joins one host at a time with its assets and their applications.
final class DetectionCollector {
    /// What is known of a QID: its vertex takes members of the asset with the lowest id that has any.
    struct Vulnerability {
        var descriptionAsset = Int64.max
        var severityAsset = Int64.max
        var severity = -1
    }

    /// What the members of the QIDs are so far. It is given back what it was when a page is read again.
    private(set) var vulnerabilities: [Int64: Vulnerability] = [:]
    private(set) var hostCount = 0

    private let database: Database
    private let assets: Statement
    private let products: Statement
    private let description: Statement
    private let match: Statement
    private let storedList: Statement
    private let list: Statement
    /// Pairs that are in the index, as far as they are remembered.
    private var knownMatches: Set<Match> = []
    private static let mostKnownMatches = 400_000

    private struct Match: Hashable {
        let application: Int64
        let qid: Int64
    }

    // The host that is read.
    private var host: String?
    private var lowestAsset = Int64.max
    private var severities: [Int64: Int] = [:]
    private var matcher = ProductMatcher()
    /// The applications of each product of the matcher.
    private var applications: [[Int64]] = []

    // The detection that is read.
    private var qid: Int64?
    private var severity: Int?
    private var isCounted = (type: false, status: false, marks: true)
    private var results: [UInt8] = []
    private var lower: [UInt8] = []

    init(_ index: ImportIndex) throws {
        database = index.database
        assets = try database.prepare(
            "SELECT id FROM asset WHERE host = ?1 ORDER BY id",
            for: "finding a host's assets"
        )
        products = try database.prepare(
            """
            SELECT application, product.name FROM asset_application JOIN product ON product.number = product
            WHERE asset = ?1 ORDER BY product
            """,
            for: "finding the applications of an asset"
        )
        description = try database.prepare(
            """
            INSERT INTO vulnerability (qid, description) VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET description = excluded.description
            """,
            for: "describing a vulnerability"
        )
        match = try database.prepare(
            "INSERT OR IGNORE INTO application_vulnerability VALUES (?1, ?2)",
            for: "joining an application and a vulnerability"
        )
        storedList = try database.prepare("SELECT list FROM detections WHERE host = ?1", for: "finding a host's list")
        list = try database.prepare("INSERT OR REPLACE INTO detections VALUES (?1, ?2)", for: "adding a host's list")
    }

    /// Does all of `body` in the index and here, or nothing.
    func transaction<Result>(_ body: () throws -> Result) throws -> Result {
        let (before, hosts) = (vulnerabilities, hostCount)
        do {
            return try database.transaction(body)
        } catch {
            (vulnerabilities, hostCount) = (before, hosts)
            knownMatches = []
            throw error
        }
    }

    /// Puts what was collected of the QIDs into the index.
    func finish() throws {
        let statement = try database.prepare(
            """
            INSERT INTO vulnerability (qid, severity) VALUES (?1, ?2)
            ON CONFLICT DO UPDATE SET severity = coalesce(excluded.severity, severity)
            """,
            for: "adding a vulnerability"
        )
        try database.transaction {
            for (qid, known) in vulnerabilities.sorted(by: { $0.key < $1.key }) {
                statement.bind(1, qid)
                statement.bind(2, known.severity < 0 ? nil : Int64(known.severity))
                try statement.run()
            }
        }
        vulnerabilities = [:]
        knownMatches = []
    }

    func beginHost() {
        host = nil
        lowestAsset = .max
        severities.removeAll(keepingCapacity: true)
        matcher.removeAll()
        applications.removeAll(keepingCapacity: true)
    }

    /// Finds the assets of the host, and what runs on them. A host without an asset is passed over.
    func setHost(_ text: UnsafeRawBufferPointer) throws {
        guard let id = String(decoding: text, as: UTF8.self).trimmed else { return }
        assets.bind(1, id)
        var found: [Int64] = []
        while try assets.step() { found.append(assets.integer(at: 0)) }
        guard let lowest = found.first else { return }
        (host, lowestAsset) = (id, lowest)
        hostCount += 1
        var numbers: [String: Int] = [:]
        for asset in found {
            products.bind(1, asset)
            while try products.step() {
                guard let name = products.text(at: 1) else { continue }
                let number: Int
                if let known = numbers[name] {
                    number = known
                } else {
                    number = matcher.add(Array(name.utf8))
                    numbers[name] = number
                    applications.append([])
                }
                applications[number].append(products.integer(at: 0))
            }
        }
    }

    func beginDetection() {
        (qid, severity, isCounted) = (nil, nil, (false, false, true))
        results.removeAll(keepingCapacity: true)
    }

    func set(_ element: DetectionReader.Element, _ text: UnsafeRawBufferPointer) {
        guard host != nil else { return }
        switch element {
        case .qid: qid = digits(text)
        case .severity: severity = digits(text).map { Int(clamping: min($0, Int64(DetectionList.largestSeverity))) }
        case .type: isCounted.type = equals(text, "Confirmed") || equals(text, "Potential")
        case .status: isCounted.status = equals(text, "New") || equals(text, "Active") || equals(text, "Re-Opened")
        case .isIgnored, .isDisabled: if !equals(text, "0"), !isBlank(text) { isCounted.marks = false }
        case .results: results.append(contentsOf: text)
        case .host, .id, .detection, .url: break
        }
    }

    func endDetection() throws {
        guard host != nil, let qid, isCounted == (true, true, true) else { return }
        severities[qid] = max(severities[qid] ?? -1, severity ?? -1)
        var known = vulnerabilities[qid] ?? Vulnerability()
        if let severity, lowestAsset < known.severityAsset {
            (known.severity, known.severityAsset) = (severity, lowestAsset)
        }
        let isBlank = results.withUnsafeBytes(isBlank)
        if !isBlank, lowestAsset < known.descriptionAsset {
            known.descriptionAsset = lowestAsset
            description.bind(1, qid)
            results.withUnsafeBytes { description.bind(2, utf8: $0) }
            try description.run()
        }
        vulnerabilities[qid] = known
        if !isBlank, !applications.isEmpty { try findProducts(qid) }
    }

    func endHost() throws {
        guard let host, !severities.isEmpty else { return }
        storedList.bind(1, host)
        // A host that comes twice has the detections of both.
        if try storedList.step() {
            DetectionList.forEach(storedList.blob(at: 0)) { qid, severity in
                severities[qid] = max(severities[qid] ?? -1, severity)
            }
            storedList.reset()
        }
        list.bind(1, host)
        DetectionList.packed(severities).withUnsafeBytes { list.bind(2, blob: $0) }
        try list.run()
    }

    private func findProducts(_ qid: Int64) throws {
        if !makeLower() {
            // Beyond ASCII lower case is Unicode's matter.
            lower = Array(String(decoding: results, as: UTF8.self).lowerCased.utf8)
        }
        var matched: [Int] = []
        lower.withUnsafeBytes { bytes in matcher.forEachMatch(in: bytes) { matched.append($0) } }
        for number in matched {
            for application in applications[number] {
                guard knownMatches.insert(Match(application: application, qid: qid)).inserted else { continue }
                if knownMatches.count > Self.mostKnownMatches { knownMatches.removeAll(keepingCapacity: true) }
                match.bind(1, application)
                match.bind(2, qid)
                try match.run()
            }
        }
    }

    /// - Returns: Whether all of it is ASCII.
    private func makeLower() -> Bool {
        let count = results.count
        if lower.count < count { lower = [UInt8](repeating: 0, count: count) }
        lower.removeLast(lower.count - count)
        var all: UInt8 = 0
        results.withUnsafeBufferPointer { source in
            lower.withUnsafeMutableBufferPointer { target in
                for index in 0..<count {
                    let byte = source[index]
                    all |= byte
                    target[index] = byte &- 0x41 < 26 ? byte | 0x20 : byte
                }
            }
        }
        return all < 0x80
    }
}

private func isBlank(_ text: UnsafeRawBufferPointer) -> Bool {
    for byte in text {
        if byte > 0x20, byte < 0x80 { return false }
        if byte >= 0x80 { return String(decoding: text, as: UTF8.self).trimmed == nil }
    }
    return true
}

/// Whether a text is that word, with blanks around it or without.
private func equals(_ text: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
    var (start, end) = (0, text.count)
    while start < end, text[start] <= 0x20 { start += 1 }
    while end > start, text[end - 1] <= 0x20 { end -= 1 }
    guard end - start == word.utf8CodeUnitCount else { return false }
    for index in 0..<(end - start) where text[start + index] != word.utf8Start[index] { return false }
    return true
}

/// The whole number that a text is; nil when it is none, or has more than 18 digits.
private func digits(_ text: UnsafeRawBufferPointer) -> Int64? {
    var value: Int64?
    var isOver = false
    for byte in text {
        switch byte {
        case 0x30...0x39:
            if isOver || (value ?? 0) > 99_999_999_999_999_999 { return nil }
            value = (value ?? 0) * 10 + Int64(byte - 0x30)
        case 0...0x20: isOver = value != nil
        default: return nil
        }
    }
    return value
}
