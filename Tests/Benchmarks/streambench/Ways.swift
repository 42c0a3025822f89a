import Glibc
import HostDetections
import JSONStream
import XMLStream

enum Way: String {
    case xml
    case rows = "xml-rows"
    case jsonCheck = "json-check"
    case jsonItems = "json-items"
}

/// MB/s.
func rate(_ way: Way, path: String) throws -> Double {
    var count = 0
    let time = try ContinuousClock().measure { count = try read(way, path: path) }
    return Double(count) / 1e6 / (time / .seconds(1))
}

private func read(_ way: Way, path: String) throws -> Int {
    switch way {
    case .xml:
        let reader = XMLStreamReader(Nothing(), options: XMLOptions(repairs: true))
        let count = forEachChunk(of: path) { chunk in try reader.push(chunk) }
        try reader.finish()
        return try count.get()
    case .rows:
        // As host-detections does, up to the gzip of what is written.
        var written = 0
        let text = RowText(.ndjson) { written += $0.count }
        let reader = XMLStreamReader(DetectionConsumer([text]), options: XMLOptions(repairs: true))
        let count = forEachChunk(of: path) { chunk in try reader.push(chunk) }
        try reader.finish()
        try text.flush()
        return try count.get()
    case .jsonCheck:
        var reader = JSONStreamReader(found: ["responseCode"])
        let count = forEachChunk(of: path) { chunk in try reader.push(chunk) }
        try reader.finish()
        return try count.get()
    case .jsonItems:
        var reader = JSONStreamReader(items: "[]")
        let count = forEachChunk(of: path) { chunk in try reader.push(chunk) { _ in } }
        try reader.finish()
        return try count.get()
    }
}

private func forEachChunk(
    of path: String,
    _ body: (UnsafeRawBufferPointer) throws -> Void
) -> Result<Int, any Error> {
    Result {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw NoFile(path: path) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var total = 0
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return total }
            try chunk.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            total += count
        }
    }
}

private struct NoFile: Error {
    let path: String
}

/// Elements of a Host List Detection that become columns.
private enum Element: String, CaseIterable {
    case host = "HOST"
    case id = "ID"
    case ip = "IP"
    case dns = "DNS"
    case os = "OS"
    case detection = "DETECTION"
    case uniqueID = "UNIQUE_VULN_ID"
    case qid = "QID"
    case type = "TYPE"
    case severity = "SEVERITY"
    case ssl = "SSL"
    case results = "RESULTS"
    case status = "STATUS"
    case firstFound = "FIRST_FOUND_DATETIME"
    case lastFound = "LAST_FOUND_DATETIME"
    case qds = "QDS"
    case timesFound = "TIMES_FOUND"
    case lastTest = "LAST_TEST_DATETIME"
    case lastUpdate = "LAST_UPDATE_DATETIME"
    case isIgnored = "IS_IGNORED"
    case isDisabled = "IS_DISABLED"
}

private struct Nothing: XMLConsumer {
    static let texts = Set(Element.allCases).subtracting([.host, .detection])

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {}
    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) {}
}
