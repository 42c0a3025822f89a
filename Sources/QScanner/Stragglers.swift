import Files

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Kills every process whose environment holds `variable` (`HOME=<the scan's scratch>/home`): what QScanner started
/// and what left its process group, by `setsid` or as a daemon.
///
/// The scan's folder is named like no other, so nobody else has this variable. A process that changed both its group
/// and its HOME is not found; in a Lambda it ends with the sandbox. Returns when no process is left that has it, or
/// after 100 rounds of 2 ms: a killed process keeps its environment until the kernel has taken it down.
func killStragglers(withVariable variable: String) {
    let wanted = Array(variable.utf8)
    for _ in 0..<100 {
        let found = processes(withVariable: wanted)
        guard !found.isEmpty else { return }
        for process in found {
            kill(process, SIGKILL)
        }
        poll(nil, 0, 2)
    }
}

private func processes(withVariable wanted: [UInt8]) -> [pid_t] {
    let ourselves = getpid()
    return ((try? names(inFolder: "/proc")) ?? []).compactMap { pid_t($0) }
        .filter { $0 != ourselves && environmentHolds(wanted, of: $0) }
}

/// Whether the environment with which the process was started has `wanted` as one of its variables. It cannot be
/// read of other users' processes, which are none of ours.
private func environmentHolds(_ wanted: [UInt8], of process: pid_t) -> Bool {
    let file = open("/proc/\(process)/environ", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    // QScanner's own environment is a few KiB, and that is what its children have.
    return withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 1) { buffer in
        var filled = 0
        while filled < buffer.count {
            let count = read(file, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            guard count > 0 else { break }
            filled += count
        }
        return buffer[..<filled].split(separator: 0).contains { $0.elementsEqual(wanted) }
    }
}
