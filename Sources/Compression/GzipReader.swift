import CZlib
import Support

/// Unpacks gzip (RFC 1952) as the bytes come, in about 110 KB of memory.
///
/// A file may have several members, one after the other, and zeros after the last, as gzip(1) reads it.
package final class GzipReader {
    /// With what every gzip file begins (RFC 1952 section 2.3.1), and no text does.
    package static let magic: [UInt8] = [0x1F, 0x8B]

    private static let pieceSize = 64 << 10
    /// zlib.h, inflateInit2: the largest window, 15, and 16 more for a gzip header and nothing else.
    private static let gzipWindow: Int32 = 15 + 16

    private enum State: Equatable {
        /// Nothing has come.
        case beginning
        case inMember
        /// After a member.
        case between
        /// Zeros after the last member.
        case padding
    }

    /// zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableRawBufferPointer
    private let limit: Int64
    private var state = State.beginning

    /// The bytes unpacked so far.
    package private(set) var count: Int64 = 0

    /// - Parameter limit: The most bytes that may come out: a small file can hold very many.
    package init(limit: Int64) {
        self.limit = limit
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        piece = .allocate(byteCount: GzipReader.pieceSize, alignment: 16)
        let status = inflateInit2_(
            stream,
            GzipReader.gzipWindow,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib cannot start to unpack")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// Takes the next bytes and gives what is unpacked, in pieces of at most 64 KB, to `output`. A piece is valid only
    /// within its call.
    ///
    /// Throws a `GzipFault`, and what `output` throws; nothing may be read afterwards.
    package func read(
        _ bytes: UnsafeRawBufferPointer,
        to output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = bytes
        while !rest.isEmpty {
            if state != .inMember, !begin(&rest) { continue }
            let part = rest.prefix(1 << 30)
            let left = try inflate(UnsafeRawBufferPointer(rebasing: part), to: output)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count - left))
        }
    }

    package func read(_ bytes: [UInt8], to output: (UnsafeRawBufferPointer) throws -> Void) throws {
        try bytes.withUnsafeBytes { try read($0, to: output) }
    }

    /// Has to be called at the end of the file: fails when it is cut, or empty.
    package func finish() throws(GzipFault) {
        guard state == .between || state == .padding else { throw .truncated }
    }

    /// Before a member; false when a zero was passed over.
    private func begin(_ rest: inout UnsafeRawBufferPointer) -> Bool {
        if state != .beginning, rest.first == 0 {
            state = .padding
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            return false
        }
        if state != .beginning { inflateReset(stream) }
        state = .inMember
        return true
    }

    /// Returns how many bytes come after the member, if it ended.
    private func inflate(
        _ bytes: UnsafeRawBufferPointer,
        to output: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        // zlib reads there only, but its type says otherwise.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = UInt32(piece.count)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            let unpacked = piece.count - Int(stream.pointee.avail_out)
            count += Int64(unpacked)
            guard count <= limit else { throw GzipFault.tooLarge(limit: limit) }
            if unpacked > 0 { try output(UnsafeRawBufferPointer(rebasing: piece[..<unpacked])) }
            switch status {
            case Z_OK: break
            case Z_STREAM_END:
                state = .between
                return Int(stream.pointee.avail_in)
            // Nothing more can be done with these bytes.
            case Z_BUF_ERROR: return 0
            default: throw GzipFault.corrupt
            }
        } while stream.pointee.avail_out == 0 || stream.pointee.avail_in > 0
        return 0
    }
}

/// A file that is not gzip, or not all of it.
package enum GzipFault: Failure, Equatable {
    case truncated
    case corrupt
    case tooLarge(limit: Int64)

    package var label: String {
        switch self {
        case .truncated: "Gzip.Truncated"
        case .corrupt: "Gzip.Corrupt"
        case .tooLarge: "Gzip.TooLarge"
        }
    }

    package var description: String {
        switch self {
        case .truncated: "The gzip file ends too early."
        case .corrupt: "The bytes are not a gzip file, or a damaged one."
        case .tooLarge(let limit): "The gzip file holds more than \(limit) bytes."
        }
    }
}
