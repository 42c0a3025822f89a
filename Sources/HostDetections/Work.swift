import Jobs
import Support

/// A batch of which something is pulled: what a worker takes, and what is done or missing as a whole.
struct Work: Sendable, Equatable {
    /// From 1; the same whenever the run goes on.
    let number: Int
    let kind: PullKind
    let batch: HostBatch

    /// For the list of what is missing.
    var name: String { kind == .detections ? batch.name : "\(kind.rawValue) \(batch.name)" }

    /// All that a run has to do.
    static func all(_ parameters: HostDetectionsParameters, _ hosts: HostSet) -> [Work] {
        var work: [Work] = []
        for kind in PullKind.allCases where parameters.kinds.contains(kind) {
            let set = kind == .portalAssets ? HostSet(ids: hosts.portalIDs) : hosts
            for batch in set.batches(of: parameters.batchSize) {
                work.append(Work(number: work.count + 1, kind: kind, batch: batch))
            }
        }
        return work
    }
}

/// What came of a piece of work, as the checkpoint keeps it.
struct FinishedWork: Sendable, Equatable {
    let number: Int
    let kind: PullKind
    var hosts = 0
    var detections = 0

    /// Of the answers, unpacked.
    var bytes: Int64 = 0
    var objects: [Object] = []

    struct Object: Sendable, Equatable {
        let key: String
        let bytes: Int64
        let sha256: String
        /// Below the prefix, to get it again.
        let path: String

        var stored: StoredObject { StoredObject(key: key, bytes: bytes, sha256: sha256) }

        init(_ object: StoredObject, path: String) {
            key = object.key
            bytes = object.bytes
            sha256 = object.sha256
            self.path = path
        }
    }

    init(number: Int, kind: PullKind) {
        self.number = number
        self.kind = kind
    }
}
