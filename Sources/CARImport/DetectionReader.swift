import Support
import XMLStream

/// Reads HOST_LIST_VM_DETECTION_OUTPUT into the index: each host's detections together, and of each QID what its vertex
/// takes of them. Host assets and applications have to be in the index already.
struct DetectionReader: XMLConsumer {
    enum Element: String, CaseIterable {
        case host = "HOST"
        case id = "ID"
        case detection = "DETECTION"
        case qid = "QID"
        case type = "TYPE"
        case severity = "SEVERITY"
        case results = "RESULTS"
        case status = "STATUS"
        case isIgnored = "IS_IGNORED"
        case isDisabled = "IS_DISABLED"
        case url = "URL"
    }

    static let texts = Set(Element.allCases).subtracting([.host, .detection])
    static let root = "HOST_LIST_VM_DETECTION_OUTPUT"

    /// How deep elements stand: root, RESPONSE, HOST_LIST, HOST, its values or DETECTION_LIST, DETECTION, its values.
    private enum Depth {
        static let host = 4
        static let hostValue = 5
        static let detection = 6
        static let detectionValue = 7
        /// RESPONSE, WARNING, URL.
        static let url = 4
    }

    /// Where the next page is.
    private(set) var next: String?
    private(set) var detectionCount = 0
    let collector: DetectionCollector

    init(_ collector: DetectionCollector) {
        self.collector = collector
    }

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {
        switch element {
        case .host where depth == Depth.host: collector.beginHost()
        case .detection where depth == Depth.detection: collector.beginDetection()
        default: break
        }
    }

    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws {
        switch depth {
        case Depth.detectionValue:
            collector.set(element, text)
        case Depth.detection where element == .detection:
            detectionCount += 1
            try collector.endDetection()
        case Depth.hostValue where element == .id:
            try collector.setHost(text)
        case Depth.host where element == .host:
            try collector.endHost()
        case Depth.url where element == .url:
            next = String(decoding: text, as: UTF8.self).trimmed
        default: break
        }
    }
}
