import Support
import XMLStream

/// Checks a page of the portal's hosts as it passes, and counts them.
struct PortalConsumer: PageConsumer {
    enum Element: String, CaseIterable {
        case responseCode
        case id
        case hasMoreRecords
        case lastId
        case detection = "Detection"
    }

    static let texts: Set<Element> = [.responseCode, .id, .hasMoreRecords, .lastId]
    static let roots: Set<String> = ["ServiceResponse"]

    private var known = PageFacts()
    private var code = ""
    private var hasMore = false
    private var last: String?

    /// `next` is the id after which there are more.
    var facts: PageFacts {
        var facts = known
        facts.next = hasMore ? last ?? known.hosts.ranges.last.map { String($0.upperBound) } : nil
        return facts
    }

    var isRefusal: Bool { code != "SUCCESS" }

    mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {}

    mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) {
        func value() -> String { String(decoding: text, as: UTF8.self).trimmed }
        switch (element, depth) {
        case (.responseCode, 2): code = value()
        case (.hasMoreRecords, 2): hasMore = value() == "true"
        case (.lastId, 2): last = value()
        // ServiceResponse/data/HostDetection/id
        case (.id, 4): if let id = Int64(value()) { known.hosts.insert(id) }
        case (.detection, _): known.detections += 1
        default: break
        }
    }
}
