#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The new file that an answer is written to. Without `keep` it is removed again.
final class ResponseFile {
    private let path: String
    private var descriptor: Int32

    /// Makes the file; one that is there already, or a link, is an error.
    init(path: String) throws(TransferFault) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw .system("making the file of the answer", errno: errno) }
    }

    deinit {
        discard()
    }

    func append(_ piece: UnsafeRawBufferPointer) throws(TransferFault) {
        var rest = piece
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            } else if errno != EINTR {
                throw .system("writing the file of the answer", errno: errno)
            }
        }
    }

    /// Closes the file, which stays.
    func keep() throws(TransferFault) {
        let closed = close(descriptor)
        descriptor = -1
        if closed != 0 {
            let code = errno
            unlink(path)
            throw .system("closing the file of the answer", errno: code)
        }
    }

    func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(path)
    }
}
