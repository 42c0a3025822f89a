import Glibc
import Support

/// A JSON file as it is stored: read in pieces, cleaned of secrets and checked on the way, with something before and
/// after it.
struct RedactedFile: ~Copyable {
    private static let chunkSize = 256 << 10

    private let descriptor: Int32
    private var redactor: JSONRedactor
    private var pending: [UInt8]
    private var chunk = [UInt8](repeating: 0, count: Self.chunkSize)
    private var after: [UInt8]
    private var hasEnded = false

    /// - Parameters:
    ///   - before: Bytes that come first, and `after` last; they are not JSON by themselves.
    init(
        path: String,
        rules: JSONRedactor.Rules,
        before: [UInt8] = [],
        after: [UInt8] = []
    ) throws(ResultFileError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .unreadable(code: errno) }
        redactor = JSONRedactor(rules)
        pending = before
        self.after = after
    }

    deinit {
        close(descriptor)
    }

    /// The next `count` bytes, or fewer at the end.
    mutating func next(_ count: Int) throws(ResultFileError) -> [UInt8] {
        while pending.count < count, !hasEnded { try read() }
        guard pending.count > count else {
            defer { pending = [] }
            return pending
        }
        let part = Array(pending[..<count])
        pending.removeFirst(count)
        return part
    }

    private mutating func read() throws(ResultFileError) {
        let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else {
            if errno == EINTR { return }
            throw .unreadable(code: errno)
        }
        do throws(JSONRedactor.Fault) {
            if count > 0 {
                try redactor.push(count == chunk.count ? chunk : Array(chunk[..<count]), into: &pending)
            } else {
                try redactor.finish()
                pending.append(contentsOf: after)
                hasEnded = true
            }
        } catch {
            throw .broken(error)
        }
    }
}

/// A file of QScanner's that cannot be stored.
enum ResultFileError: Failure {
    case unreadable(code: Int32)
    case broken(JSONRedactor.Fault)

    var label: String {
        switch self {
        case .unreadable: "Results.Unreadable"
        case .broken: "Results.Broken"
        }
    }

    var description: String {
        switch self {
        case .unreadable(let code): "A file of QScanner's cannot be read: \(systemErrorText(code))."
        case .broken(let fault): "A file of QScanner's is not JSON: \(fault.description)"
        }
    }
}
