import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Hands out the body of one request, piece by piece. It lives on the transport's thread.
final class RequestBodySource {
    private let body: HTTPRequestBody
    private let descriptor: Int32
    private var position: Int64 = 0

    /// Opens the file, when the body is one.
    init(_ body: HTTPRequestBody) throws(TransferFault) {
        self.body = body
        if case .file(let path, _, _) = body {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { throw .system("opening the file of the body", errno: errno) }
        } else {
            descriptor = -1
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Fills the buffer with what comes next; returns how many bytes that is, 0 at the end. A body that ends before its
    /// length is an error, as the server would wait for the rest.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransferFault) -> Int {
        let left = body.length.map { $0 - position } ?? .max
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(clamping: left)))
        if room.isEmpty { return 0 }

        let count = try fill(room)
        guard (0...room.count).contains(count) else {
            throw TransferFault(.sink, "the body's closure says it wrote \(count) bytes into \(room.count)")
        }
        if count == 0, let length = body.length {
            throw TransferFault(.sink, "the body ended after \(position) of \(length) bytes")
        }
        position += Int64(count)
        return count
    }

    /// Goes back to `offset`, so that the body can be sent again; false when it can't.
    func rewind(to offset: Int64) -> Bool {
        guard body.isRepeatable || offset == position, (0...(body.length ?? .max)).contains(offset) else {
            return false
        }
        position = offset
        return true
    }

    private func fill(_ room: UnsafeMutableRawBufferPointer) throws(TransferFault) -> Int {
        switch body {
        case .none:
            return 0
        case .bytes(let bytes):
            let start = Int(position)
            bytes.withUnsafeBytes {
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + room.count]))
            }
            return room.count
        case .file(_, let offset, _):
            while true {
                let count = pread(descriptor, room.baseAddress, room.count, off_t(offset + position))
                if count >= 0 { return count }
                if errno != EINTR { throw .system("reading the file of the body", errno: errno) }
            }
        case .stream(_, let read):
            do {
                return try read(room)
            } catch {
                throw TransferFault(.sink, "the body's closure failed: \(describe(error).description)")
            }
        }
    }
}
