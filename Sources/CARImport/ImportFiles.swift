import Files
import Jobs
import Support
import Synchronization

/// Keeps imports as files, one each, as IBM's connector does: `<folder>/<run>/<collection>/<number>.json`.
package final class ImportFiles: Sendable {
    private let folder: String
    private let count = Mutex(0)

    package init(folder: String, run: String) {
        self.folder = "\(folder)/\(run)"
    }

    package func write(_ collection: String, _ envelope: [UInt8]) throws {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let digits = String(number)
        let name = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        let path = "\(folder)/\(collection)/\(name).json"
        try makeFolders(for: path)
        let file = try AtomicFile(path: path, limit: 1 << 30)
        try file.append(envelope)
        _ = try file.commit()
    }
}
