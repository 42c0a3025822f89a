import Support

/// The hosts whose detections a run asked for and has: one that is here without a row among the run's has no detection.
struct AskedHosts {
    /// Not `.ndjson.gz`: whoever reads the rows of a run by that name reads on as before.
    static let path = "hosts/hosts.json.gz"

    private static let handOn = 32 << 10

    /// Those that are done: what failed, or is still to be asked for, says nothing of its hosts.
    private let batches: [HostBatch]

    /// Whether all hosts were asked for, so that one without a row in this run has no detection, or is gone.
    private let isEverything: Bool

    init(_ parameters: HostDetectionsParameters, _ hosts: HostSet, _ checkpoint: Checkpoint) {
        let done = Set(checkpoint.finished.map(\.number))
        let all = Work.all(parameters, hosts).filter { $0.kind == .detections }
        batches = all.filter { done.contains($0.number) }.map(\.batch)
        // A list without any host is rather that of a user who may not see them.
        isEverything =
            !all.isEmpty && batches.count == all.count && parameters.filters.isEmpty
            && checkpoint.processedAfter <= HostDetectionsParameters.beginning.milliseconds
    }

    /// A line of JSON for each host. One that was asked for by its address is not here: its rows name it.
    func write(to file: ScratchFile) throws {
        var lines = Array((isEverything ? "{\"others\":\"gone\"}\n" : "").utf8)
        func handOn() throws {
            try lines.withUnsafeBytes { try file.append($0) }
            lines.removeAll(keepingCapacity: true)
        }
        let (start, end) = (Array("{\"host_id\":".utf8), Array("}\n".utf8))
        for range in batches.lazy.filter({ $0.kind == .ids }).flatMap(\.members.ranges) {
            for id in range {
                // Not as one string: there are millions.
                lines += start
                lines += String(id).utf8
                lines += end
                if lines.count >= Self.handOn { try handOn() }
            }
        }
        try handOn()
        try file.keep()
    }
}
