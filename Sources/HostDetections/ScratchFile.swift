import Compression
import Files
import Glibc
import Hashing
import Jobs
import Support

/// What waits to be stored, gzipped as it is written or as it is: what a failed attempt wrote is taken back. It stays in
/// memory while it is small, and is a file in the run's scratch folder from then on, which is removed with this object.
///
/// Gzip files of several members one after the other are one file (RFC 1952 section 2.2), so that an attempt is a member.
///
/// Sendable because its users take turns: the attempts at one batch, one after the other.
final class ScratchFile: @unchecked Sendable {
    /// The fastest: XML becomes a tenth by it, and by the level above a little less than that.
    private static let level = 1

    /// Bytes in memory: twice as many of these wait as there are workers, and an answer to a daily pull is seldom longer.
    private static let memory: off_t = 128 << 10

    /// No answer is that long; the disk of a Lambda function is at most 10 GB.
    private static let ceiling: off_t = 64 << 30

    let gzips: Bool
    private let path: String

    /// What was written, until it is too long for memory.
    private var held: [UInt8] = []

    /// Of the file; -1 until there is one.
    private var descriptor: Int32 = -1

    /// There only while something is written: many files wait for their turn, or to be stored.
    private var gzip: GzipWriter?
    private var kept: off_t = 0
    private var count: off_t = 0

    /// - Parameter path: Where the file stands, when there is one.
    init(path: String, gzips: Bool) {
        self.path = path
        self.gzips = gzips
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(path)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileFault) {
        guard gzips else { return try write(bytes) }
        let gzip = gzip ?? GzipWriter(level: Self.level)
        self.gzip = gzip
        try gzip.write(bytes) { (piece) throws(FileFault) in try write(piece) }
    }

    /// Adds what is gzip already, to a file that is.
    func append(gzip bytes: UnsafeRawBufferPointer) throws(FileFault) {
        try write(bytes)
    }

    /// Keeps all that was written.
    func keep() throws(FileFault) {
        // Without a member it would be no gzip file.
        if let gzip = gzip ?? (gzips && count == 0 ? GzipWriter(level: Self.level) : nil) {
            try gzip.finish { (piece) throws(FileFault) in try write(piece) }
        }
        gzip = nil
        kept = count
    }

    /// Takes back what was written since it was last kept.
    func takeBack() throws(FileFault) {
        gzip = nil
        if descriptor < 0 {
            held.removeLast(Int(count - kept))
        } else if ftruncate(descriptor, kept) != 0 {
            throw fault("cutting it")
        }
        count = kept
    }

    /// What was kept, to be stored.
    func content() throws(FileFault) -> JobContent {
        guard descriptor >= 0 else { return .bytes(held) }
        let hash = SHA256()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)
        defer { room.deallocate() }
        var offset: off_t = 0
        while offset < kept {
            let got = pread(descriptor, room.baseAddress, room.count, offset)
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw fault("reading it") }
            hash.update(UnsafeRawBufferPointer(rebasing: room[..<got]))
            offset += off_t(got)
        }
        return .file(path: path, byteCount: Int64(kept), sha256: hexText(hash.finalize()))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(FileFault) {
        guard count + off_t(bytes.count) <= Self.ceiling else {
            throw FileFault(path: path, doing: "writing it", errno: EFBIG)
        }
        if descriptor < 0 {
            guard count + off_t(bytes.count) > Self.memory else {
                held += bytes
                count += off_t(bytes.count)
                return
            }
            try makeFile()
        }
        try writeToFile(bytes)
    }

    private func makeFile() throws(FileFault) {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw fault("making it") }
        count = 0
        // Typed errors do not get through `withUnsafeBytes`.
        let written = held.withUnsafeBytes { bytes in
            Result { () throws(FileFault) in try writeToFile(bytes) }
        }
        do {
            try written.get()
        } catch {
            // What was kept stays, in memory.
            close(descriptor)
            unlink(path)
            (descriptor, count) = (-1, off_t(held.count))
            throw error
        }
        held = []
    }

    private func writeToFile(_ bytes: UnsafeRawBufferPointer) throws(FileFault) {
        var rest = bytes
        while !rest.isEmpty {
            let written = pwrite(descriptor, rest.baseAddress, rest.count, count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw fault("writing it") }
            count += off_t(written)
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    private func fault(_ doing: String) -> FileFault {
        FileFault(path: path, doing: doing, errno: errno)
    }
}
