package import Support
package import XMLStream

/// Takes rows as they are read.
package protocol DetectionSink: AnyObject {
    /// - Parameter row: Valid within the call.
    func add(_ row: DetectionRow) throws

    /// Called at the end of each host, with its values alone.
    func addHost(_ row: DetectionRow) throws
}

/// What a page of hosts says.
package struct PageFacts: Sendable, Equatable {
    /// Text of WARNING/URL, or what stands for it: there is more.
    package var next: String?
    package var hosts = IDRanges()

    /// Addresses of hosts that are to be asked for by them; those hosts are not in `hosts`.
    package var addresses = IDRanges()
    package var detections = 0
    package var qids: Set<Int64> = []

    /// When the answer was made, by Qualys's clock.
    package var made: Timestamp?
}

/// Reads a page of hosts that can lead to another.
package protocol PageConsumer: XMLConsumer, SendableMetatype {
    /// The names of root elements that an answer of this call can have.
    static var roots: Set<String> { get }
    var facts: PageFacts { get }

    /// Whether it says in the form of a proper answer that it is none.
    var isRefusal: Bool { get }
}

extension XMLOptions {
    /// For documents of hosts. The longest text is RESULTS, of some hundred KB: a longer one is cut in the rows, so that
    /// what is held of each call stays small; the raw answer has it whole.
    static let hosts = XMLOptions(text: 1 << 20, cutsTexts: true, repairs: true)
}

/// Makes rows of HOST_LIST_VM_DETECTION_OUTPUT as it is read; the Host List with details has the same hosts, without
/// detections.
///
/// Names alone do not tell: a host's DNS_DATA has an FQDN, too, and its metadata a STATUS. Where an element stands does.
package struct DetectionConsumer: PageConsumer {
    package enum Element: String, CaseIterable {
        case host = "HOST"
        case id = "ID"
        case ip = "IP"
        case ipv6 = "IPV6"
        case dns = "DNS"
        case os = "OS"
        case trackingMethod = "TRACKING_METHOD"
        case lastScan = "LAST_SCAN_DATETIME"
        case detection = "DETECTION"
        case uniqueVulnID = "UNIQUE_VULN_ID"
        case qid = "QID"
        case type = "TYPE"
        case severity = "SEVERITY"
        case port = "PORT"
        case `protocol` = "PROTOCOL"
        case fqdn = "FQDN"
        case ssl = "SSL"
        case instance = "INSTANCE"
        case status = "STATUS"
        case results = "RESULTS"
        case firstFound = "FIRST_FOUND_DATETIME"
        case lastFound = "LAST_FOUND_DATETIME"
        case lastTest = "LAST_TEST_DATETIME"
        case lastUpdate = "LAST_UPDATE_DATETIME"
        case lastFixed = "LAST_FIXED_DATETIME"
        case timesFound = "TIMES_FOUND"
        case qds = "QDS"
        case isIgnored = "IS_IGNORED"
        case isDisabled = "IS_DISABLED"
        case url = "URL"
    }

    package static let texts = Set(Element.allCases).subtracting([.host, .detection])
    package static let roots: Set<String> = ["HOST_LIST_VM_DETECTION_OUTPUT", "HOST_LIST_OUTPUT"]

    /// How deep elements stand: root, RESPONSE, HOST_LIST, HOST, its values or DETECTION_LIST, DETECTION, its values.
    private enum Depth {
        static let url = 4
        static let host = 4
        static let hostValue = 5
        static let detection = 6
        static let detectionValue = 7
    }

    package private(set) var facts = PageFacts()
    package var isRefusal: Bool { false }

    private let row = DetectionRow()
    private let sinks: [any DetectionSink]
    private let notesQIDs: Bool

    /// Hosts of the pages before: one that comes again is passed over, so that no row is there twice.
    private let seen: IDRanges
    private var isSeen = false

    /// - Parameter notesQIDs: Whether the QIDs are wanted among the facts.
    package init(_ sinks: [any DetectionSink], seen: IDRanges = IDRanges(), notesQIDs: Bool = false) {
        self.sinks = sinks
        self.notesQIDs = notesQIDs
        self.seen = seen
    }

    package mutating func start(_ element: Element, depth: Int, _ attributes: XMLAttributes) {
        if element == .host, depth == Depth.host {
            row.beginHost()
            isSeen = false
        } else if element == .detection, depth == Depth.detection {
            row.beginDetection()
        }
    }

    package mutating func end(_ element: Element, depth: Int, _ text: UnsafeRawBufferPointer) throws {
        switch depth {
        case Depth.detectionValue:
            if let column = element.ofDetection { row.set(column, text) }
        case Depth.detection where element == .detection:
            try endDetection()
        case Depth.hostValue:
            endHostValue(element, text)
        case Depth.host where element == .host:
            if !isSeen {
                for sink in sinks { try sink.addHost(row) }
            }
        case Depth.url where element == .url:
            let url = String(decoding: text, as: UTF8.self).trimmed
            if !url.isEmpty { facts.next = url }
        default: break
        }
    }

    private mutating func endHostValue(_ element: Element, _ text: UnsafeRawBufferPointer) {
        switch element {
        case .id:
            row.set(.hostID, text)
            guard let id = row[.hostID].flatMap({ Int64($0) }) else { return }
            isSeen = seen.contains(id)
            if !isSeen { facts.hosts.insert(id) }
        case .ip: row.set(.ip, text)
        // Only for hosts without an IPv4 address, which comes first.
        case .ipv6: row.set(.ip, text)
        case .dns: row.set(.dns, text)
        case .os: row.set(.os, text)
        case .trackingMethod: row.set(.trackingMethod, text)
        case .lastScan: row.set(.hostLastScan, text)
        default: break
        }
    }

    private mutating func endDetection() throws {
        defer { row.endDetection() }
        guard !isSeen else { return }
        facts.detections += 1
        if notesQIDs, let qid = row[.qid].flatMap({ Int64($0) }) { facts.qids.insert(qid) }
        for sink in sinks { try sink.add(row) }
    }
}

extension DetectionConsumer.Element {
    fileprivate var ofDetection: DetectionColumn? {
        switch self {
        case .uniqueVulnID: .uniqueVulnID
        case .qid: .qid
        case .type: .type
        case .severity: .severity
        case .port: .port
        case .protocol: .protocol
        case .fqdn: .fqdn
        case .ssl: .ssl
        case .instance: .instance
        case .status: .status
        case .results: .results
        case .firstFound: .firstFound
        case .lastFound: .lastFound
        case .lastTest: .lastTest
        case .lastUpdate: .lastUpdate
        case .lastFixed: .lastFixed
        case .timesFound: .timesFound
        case .qds: .qds
        case .isIgnored: .isIgnored
        case .isDisabled: .isDisabled
        default: nil
        }
    }
}

extension String {
    /// Without blanks around it.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
