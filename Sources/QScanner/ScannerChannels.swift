import Support
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// The pipes of one run: the one that QScanner prints into, and one that asks for the run to end.
///
/// No child gets any of them but the write end of the first, as its standard output and error: swift-subprocess
/// closes all others in the child.
final class ScannerChannels: Sendable {
    private let output: Pipe
    private let end: Pipe
    private let writeEndIsOpen = Mutex(true)

    init() throws(QScannerError) {
        output = try Pipe()
        do throws(QScannerError) {
            end = try Pipe()
        } catch {
            output.closeReadEnd()
            output.closeWriteEnd()
            throw error
        }
        // Only ours: the child's end has to block, else it would lose what the full pipe does not take.
        _ = fcntl(output.readEnd, F_SETFL, O_NONBLOCK)
    }

    var outputReadEnd: CInt { output.readEnd }
    var outputWriteEnd: CInt { output.writeEnd }

    /// Readable once the run is to end.
    var endRequest: CInt { end.readEnd }

    func requestEnd() {
        var byte: UInt8 = 0
        _ = write(end.writeEnd, &byte, 1)
    }

    /// Once the child has it, ours must go: the pipe has an end only when nobody holds that end.
    func closeOutputWriteEnd() {
        writeEndIsOpen.withLock { isOpen in
            if isOpen { output.closeWriteEnd() }
            isOpen = false
        }
    }

    /// Closes all; nothing may be used afterwards.
    func close() {
        closeOutputWriteEnd()
        output.closeReadEnd()
        end.closeReadEnd()
        end.closeWriteEnd()
    }
}

private struct Pipe: Sendable {
    let readEnd: CInt
    let writeEnd: CInt

    init() throws(QScannerError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let code = errno
            throw QScannerError(.notStarted, "No pipe for QScanner's output: \(systemErrorText(code)).")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
        _ = fcntl(readEnd, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writeEnd, F_SETFD, FD_CLOEXEC)
    }

    func closeReadEnd() { _ = close(readEnd) }
    func closeWriteEnd() { _ = close(writeEnd) }
}
