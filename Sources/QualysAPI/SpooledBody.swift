import Glibc
package import HTTPTransport
import Hashing
import Support

/// The body of an answer, kept until it is known to be a proper one: in memory while it is short, else in a file that
/// has no name and goes away with this object.
///
/// Sendable because its users take turns: the transport's thread until the transfer has ended, then whoever reads it.
package final class SpooledBody: @unchecked Sendable {
    /// What is kept in memory of an answer unless something else is said.
    package static let memory = 1 << 20

    private let folder: String
    private let memoryLimit: Int
    private let limit: Int64
    private let hash = SHA256()
    private var digest: String?
    private var bytes: [UInt8] = []
    private var file: Int32 = -1

    package private(set) var byteCount: Int64 = 0

    /// - Parameters:
    ///   - folder: For the file.
    ///   - memoryLimit: The bytes that are kept in memory.
    ///   - limit: The longest body that is taken.
    package init(folder: String, memoryLimit: Int = memory, limit: Int64 = 4 << 30) {
        self.folder = folder
        self.memoryLimit = memoryLimit
        self.limit = limit
    }

    deinit {
        if file >= 0 { close(file) }
    }

    package var sink: HTTPBodySink {
        .stream { [self] piece in try append(piece) }
    }

    /// Of all that came, in hexadecimal. Nothing may be appended afterwards.
    package var sha256: String {
        if let digest { return digest }
        let text = hexText(hash.finalize())
        digest = text
        return text
    }

    package func append(_ piece: UnsafeRawBufferPointer) throws(SpoolError) {
        byteCount += Int64(piece.count)
        guard byteCount <= limit else { throw .tooLong(limit) }
        hash.update(piece)
        if file < 0, bytes.count + piece.count <= memoryLimit {
            bytes.append(contentsOf: piece)
        } else {
            if file < 0 { try spill() }
            try write(piece)
        }
    }

    /// Reads it from the start, in pieces of at most `size` bytes that are valid during the call.
    package func forEachPiece(
        size: Int = 256 * 1024,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard file >= 0 else { return try bytes.withUnsafeBytes(body) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { room.deallocate() }
        var offset = 0
        while offset < byteCount {
            let got = pread(file, room.baseAddress, size, offset)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw SpoolError.file(errno) }
            try body(UnsafeRawBufferPointer(rebasing: room[..<got]))
            offset += got
        }
    }

    /// As the body of a request, which can be sent again.
    package var requestBody: HTTPRequestBody {
        file < 0 ? .bytes(bytes) : .file(path: "/proc/self/fd/\(file)", offset: 0, count: byteCount)
    }

    /// The first part of it.
    package func prefix(_ count: Int) -> [UInt8] {
        guard file >= 0 else { return Array(bytes.prefix(count)) }
        return [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            filled = max(0, pread(file, room.baseAddress, count, 0))
        }
    }

    private func spill() throws(SpoolError) {
        // Without a name at once, so that even a killed process leaves nothing.
        var name = Array("\(folder)/answer-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw .file(errno) }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        self.file = file
        let kept = bytes
        bytes = []
        do {
            try kept.withUnsafeBytes(write)
        } catch {
            throw error as? SpoolError ?? .file(EIO)
        }
    }

    private func write(_ piece: UnsafeRawBufferPointer) throws(SpoolError) {
        var rest = piece
        while !rest.isEmpty {
            let written = Glibc.write(file, rest.baseAddress, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .file(errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}

/// A body could not be kept.
package enum SpoolError: Failure, Equatable {
    case tooLong(Int64)
    case file(Int32)

    package var label: String {
        switch self {
        case .tooLong: "Spool.TooLong"
        case .file: "Spool.File"
        }
    }

    package var description: String {
        switch self {
        case .tooLong(let limit): "The answer is longer than \(limit) bytes."
        case .file(let number):
            "The answer could not be kept in the scratch folder: \(systemErrorText(number))."
        }
    }
}
