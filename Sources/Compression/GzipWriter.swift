import CZlib

/// Compresses to gzip (RFC 1952) as the bytes come, in about 270 KB of memory.
///
/// The same bytes give the same file: its header has no time and no name.
///
///     let gzip = GzipWriter()
///     for chunk in page { try gzip.write(chunk, to: file.append) }
///     try gzip.finish(to: file.append)
///
/// zlib fails here only when memory is out, which nothing outside can cause and nothing could go on from.
package final class GzipWriter {
    /// Level 3 packs XML and JSON to within a tenth of what 6 does, at 1.75 times its speed (zlib 1.2.13).
    package static let defaultLevel = 3

    private static let pieceSize = 64 << 10
    /// zlib.h, deflateInit2: the largest window, 15, and 16 more for a gzip header.
    private static let gzipWindow: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    /// zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableRawBufferPointer

    /// - Parameter level: From 1, the fastest, to 9, the smallest; 0 does not compress.
    package init(level: Int = GzipWriter.defaultLevel) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        piece = .allocate(byteCount: GzipWriter.pieceSize, alignment: 16)
        let status = deflateInit2_(
            stream,
            Int32(min(max(level, 0), 9)),
            Z_DEFLATED,
            GzipWriter.gzipWindow,
            GzipWriter.memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "zlib cannot start to compress")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// Takes the next bytes and gives what is compressed by now, in pieces of at most 64 KB, to `output`. A piece is
    /// valid only within its call.
    package func write<E>(
        _ bytes: UnsafeRawBufferPointer,
        to output: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        var rest = bytes
        // avail_in has 32 bits.
        while !rest.isEmpty {
            let part = rest.prefix(1 << 30)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            try deflate(UnsafeRawBufferPointer(rebasing: part), Z_NO_FLUSH, to: output)
        }
    }

    package func write<E>(
        _ bytes: [UInt8],
        to output: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(E) in try write(bytes, to: output) }
        }
        try result.get()
    }

    /// Gives the rest. Nothing may be written afterwards, but after `reset`.
    package func finish<E>(to output: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        try deflate(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, to: output)
    }

    /// Forgets what was written and keeps the memory: for the next file.
    package func reset() {
        deflateReset(stream)
    }

    private func deflate<E>(
        _ bytes: UnsafeRawBufferPointer,
        _ flush: Int32,
        to output: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        // zlib reads there only, but its type says otherwise.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = UInt32(piece.count)
            CZlib.deflate(stream, flush)
            let count = piece.count - Int(stream.pointee.avail_out)
            if count > 0 { try output(UnsafeRawBufferPointer(rebasing: piece[..<count])) }
        } while stream.pointee.avail_out == 0
    }
}

extension GzipWriter {
    /// The whole of `bytes` as gzip.
    package static func compress(_ bytes: [UInt8], level: Int = GzipWriter.defaultLevel) -> [UInt8] {
        let writer = GzipWriter(level: level)
        var packed: [UInt8] = []
        writer.write(bytes) { packed.append(contentsOf: $0) }
        writer.finish { packed.append(contentsOf: $0) }
        return packed
    }
}
