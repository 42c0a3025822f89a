import Glibc
import Synchronization

/// Writes whole lines to a file descriptor, one at a time: lines of concurrent tasks never mix.
package final class LineOutput: Sendable {
    package static let standardOutput = LineOutput(descriptor: STDOUT_FILENO)
    package static let standardError = LineOutput(descriptor: STDERR_FILENO)

    private let descriptor: Mutex<Int32>

    init(descriptor: Int32) {
        self.descriptor = Mutex(descriptor)
    }

    /// Writes all of `line`. A reader that has gone away is no reason to fail: the programs ignore SIGPIPE.
    package func write(_ line: [UInt8]) {
        descriptor.withLock { descriptor in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let written = Glibc.write(
                        descriptor,
                        UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                        rest.count
                    )
                    if written < 0 {
                        guard errno == EINTR else { return }
                        continue
                    }
                    rest = rest.dropFirst(written)
                }
            }
        }
    }
}
