import Files
import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// A file that QScanner left and that is worth storing.
package struct ResultFile: Sendable, Hashable {
    /// What it is, by the end of its name. What stands before is 64 hexadecimal digits for images and not documented
    /// for functions.
    package enum Kind: String, Sendable, CaseIterable {
        /// Inventory and secrets; no vulnerabilities.
        case scanResult = "ScanResult.json"
        /// The vulnerabilities.
        case sarif = "Report.sarif.json"
        case spdx = "ScanResult.spdx.json"
        /// The findings in Qualys's own JSON, when they were asked for.
        case report = "Report.json"
    }

    package let kind: Kind
    package let path: String

    /// Its size in bytes.
    package let bytes: Int

    package init(kind: Kind, path: String, bytes: Int) {
        self.kind = kind
        self.path = path
        self.bytes = bytes
    }

    /// The ceiling of a file that is read for its counts, in bytes. Larger ones are stored all the same, by streaming.
    static let parsedCeiling = 32 << 20

    /// The files of a folder, by kind. Only regular files: a link could lead to any file of the machine.
    static func found(in folder: String) throws(QScannerError) -> [ResultFile] {
        guard let entries = try? names(inFolder: folder) else {
            throw QScannerError(.noResult, "QScanner's output folder could not be read.")
        }
        return entries.compactMap { name in
            guard let kind = Kind.allCases.first(where: { name == $0.rawValue || name.hasSuffix("-\($0.rawValue)") })
            else { return nil }
            var status = stat()
            let path = "\(folder)/\(name)"
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return ResultFile(kind: kind, path: path, bytes: Int(status.st_size))
        }
    }
}

extension [ResultFile] {
    /// The one file of a kind, or nil. Two are an error: nobody could say which is this scan's.
    func one(_ kind: ResultFile.Kind) throws(QScannerError) -> ResultFile? {
        let files = filter { $0.kind == kind }
        guard files.count < 2 else {
            throw QScannerError(.noResult, "QScanner left \(files.count) files that end in \(kind.rawValue).")
        }
        return files.first
    }
}
