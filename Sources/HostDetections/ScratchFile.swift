import Compression
import Files
import Glibc
import Hashing
import Jobs
import Support

/// A file in the run's scratch folder, gzipped as it is written or as it is: what a failed attempt wrote is taken back. It
/// is removed with this object.
///
/// Gzip files of several members one after the other are one file (RFC 1952 section 2.2), so that an attempt is a member.
///
/// Sendable because its users take turns: the attempts at one batch, one after the other.
final class ScratchFile: @unchecked Sendable {
    /// The fastest: XML becomes a tenth by it, and by the level above a little less than that.
    private static let level = 1

    /// No answer is that long; the disk of a Lambda function is at most 10 GB.
    private static let ceiling: off_t = 64 << 30

    let path: String
    private let descriptor: Int32
    let gzips: Bool

    /// There only while something is written: many files wait for their turn, or to be stored.
    private var gzip: GzipWriter?
    private var kept: off_t = 0
    private var count: off_t = 0

    init(path: String, gzips: Bool) throws(FileFault) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        self.gzips = gzips
        if descriptor < 0 { throw FileFault(path: path, doing: "making it", errno: errno) }
    }

    deinit {
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
        guard ftruncate(descriptor, kept) == 0 else { throw fault("cutting it") }
        count = kept
    }

    /// What was kept, to be stored.
    func content() throws(FileFault) -> JobContent {
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
        var rest = bytes
        guard count + off_t(bytes.count) <= Self.ceiling else {
            throw FileFault(path: path, doing: "writing it", errno: EFBIG)
        }
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
