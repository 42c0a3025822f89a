import Glibc
import Support

/// A file that could not be written. The text names the file's last part, never the folders above it.
package struct FileFault: Failure, Equatable {
    package enum Reason: Sendable, Equatable {
        /// What the system said (errno).
        case system(Int32)
        /// It would have had more than this number of bytes.
        case tooLarge(limit: Int64)
    }

    package let name: String
    package let doing: String
    package let reason: Reason

    package init(path: String, doing: String, errno code: Int32) {
        self.init(path: path, doing: doing, .system(code))
    }

    init(path: String, doing: String, _ reason: Reason) {
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.doing = doing
        self.reason = reason
    }

    /// Whether there is no room, or nothing may be written: no other file will be, either.
    package var isNoRoom: Bool {
        switch reason {
        case .system(let code): [ENOSPC, EDQUOT, EROFS].contains(code)
        case .tooLarge: false
        }
    }

    package var label: String {
        switch reason {
        case .system: "File.System"
        case .tooLarge: "File.TooLarge"
        }
    }

    package var description: String {
        switch reason {
        case .system(let code): "The file \(name) failed in \(doing): \(systemErrorText(code))."
        case .tooLarge(let limit): "The file \(name) would have more than \(limit) bytes."
        }
    }
}
