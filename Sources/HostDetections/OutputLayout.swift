import Support

/// Where the files of a run stand.
package struct OutputLayout: Sendable, Equatable {
    /// Whether raw answers stand where the script put them that this replaces: one tree for all runs.
    package var isOriginal = false

    /// Whether raw answers are gzipped.
    package var gzips = true

    package init(isOriginal: Bool = false, gzips: Bool = true) {
        self.isOriginal = isOriginal
        self.gzips = gzips
    }

    /// Of raw answers.
    var contentType: String { gzips ? "application/gzip" : "application/xml" }

    func folder(_ run: String) -> String { "vm/detections/\(run)/" }

    /// The key of a raw page. The names are the script's, and the same whenever the page is asked for again: in the place
    /// of a process id stands the run, in that of a thread the batch.
    func page(_ kind: PullKind, _ batch: HostBatch, page: Int, run: String) -> String {
        let process = digits(run)
        let name =
            switch kind {
            case .detections:
                "vm_detections_Range-\(batch.range)_Process-\(process)_detectionThread-\(batch.number)_Batch-\(page)"
            case .hostAssets: "assets_Range-\(batch.range)_Proc-\(process)_assetsThread-\(batch.number)_Batch-\(page)"
            case .portalAssets:
                "Portal_hostasset_Range-\(batch.range)_Process-\(process)_hostAssetThread-\(batch.number)_Batch-\(page)"
            }
        let folder =
            switch kind {
            case .detections: isOriginal ? "vm_detections/" : self.folder(run) + "xml/"
            case .hostAssets: isOriginal ? "assets/" : self.folder(run) + "assets/"
            case .portalAssets: isOriginal ? "portal/" : self.folder(run) + "portal/"
            }
        return folder + name + end
    }

    /// The key of the list of hosts, which the script kept; nil for our own tree, where batches have it in their names.
    func hostList(page: Int, run: String) -> String? {
        isOriginal ? "assets/asset_ids_\(digits(run))_\(page)\(end)" : nil
    }

    private var end: String { gzips ? ".xml.gz" : ".xml" }

    private func digits(_ run: String) -> String {
        String(decoding: run.utf8.filter { (0x30...0x39).contains($0) }, as: UTF8.self)
    }

    func rows(_ batch: HostBatch, _ form: RowText.Form, run: String) -> String {
        let number = String(batch.number)
        let padded = String(repeating: "0", count: max(0, 6 - number.count)) + number
        return "\(folder(run))rows/detections-\(padded).\(form.rawValue).gz"
    }
}
