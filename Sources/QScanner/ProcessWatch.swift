import Support

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Watches one process, on a thread that may block: reads what it prints, ends it in time, and clears up after it.
///
///     running --deadline or request--> SIGTERM to its group --grace--> SIGKILL to its group --> ended
///        \----------------------------- ended by itself ------------------------------------/
///
/// The process is left to be reaped by the caller: until then nobody else can get its number, and so the group that
/// is signalled is surely its own.
struct ProcessWatch: Sendable {
    enum End: Sendable {
        case byItself
        case timedOut
        case cancelled
    }

    struct Outcome: Sendable {
        var end: End
        var duration: Duration
        var output: OutputExcerpt
    }

    let process: pid_t

    /// A descriptor that is readable once the process has ended; -1 on kernels before 5.3.
    let processDescriptor: CInt

    /// The read end of the pipe that it prints into; non-blocking.
    let output: CInt

    /// Readable once the process is to be ended.
    let endRequest: CInt

    /// When it has to end.
    let deadline: ContinuousClock.Instant

    /// From SIGTERM to SIGKILL.
    let grace: Duration

    /// The value of HOME by which processes are recognised that left the group.
    let home: String?

    func untilItEnds() -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        var end = End.byItself
        var killTime: ContinuousClock.Instant?
        var excerpt = OutputExcerpt()
        var watched = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: processDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: endRequest, events: Int16(POLLIN), revents: 0),
        ]
        while !hasEnded {
            let nextStep = killTime ?? deadline
            poll(&watched, nfds_t(watched.count), pause(until: nextStep, from: clock.now))
            if watched[0].revents != 0, !readOnce(into: &excerpt) {
                // Closed by all who had it; poll passes negative descriptors over.
                watched[0].fd = -1
            }
            let isAskedToEnd = watched[2].revents != 0
            if killTime == nil, isAskedToEnd || clock.now >= nextStep {
                end = isAskedToEnd ? .cancelled : .timedOut
                kill(-process, SIGTERM)
                killTime = clock.now + grace
                watched[2].fd = -1
                watched[2].revents = 0
            } else if killTime != nil, clock.now >= nextStep {
                kill(-process, SIGKILL)
                // A process that the kernel cannot end at once is not asked in a tight loop.
                killTime = clock.now + .milliseconds(100)
            }
        }
        let duration = clock.now - start
        kill(-process, SIGKILL)
        if let home {
            killStragglers(withVariable: "HOME=\(home)")
        }
        drain(into: &excerpt)
        return Outcome(end: end, duration: duration, output: excerpt)
    }

    /// Asks without reaping.
    private var hasEnded: Bool {
        var information = siginfo_t()
        let answer = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        // Not our child (any more): nothing to wait for.
        if answer != 0 { return errno != EINTR }
        return information.si_signo != 0
    }

    /// Milliseconds for `poll`, rounded up. Without a process descriptor the process has to be asked now and then.
    private func pause(until moment: ContinuousClock.Instant, from now: ContinuousClock.Instant) -> CInt {
        let ceiling: Int64 = processDescriptor < 0 ? 20 : 60_000
        return CInt(min(max((moment - now).milliseconds + 1, 0), ceiling))
    }

    /// Reads what is there, at most 64 KiB, so that the deadline is looked at between two reads. False at the end.
    private func readOnce(into excerpt: inout OutputExcerpt) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            let count = read(output, buffer.baseAddress, buffer.count)
            if count > 0 {
                excerpt.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return true
            }
            return count < 0 && (errno == EAGAIN || errno == EINTR)
        }
    }

    /// Takes what is left in the pipe. A pipe holds 64 KiB, or up to 1 MiB when somebody enlarged it; what comes on
    /// top of that is from one who still writes, and nobody waits for it.
    private func drain(into excerpt: inout OutputExcerpt) {
        let before = excerpt.total
        var last = -1
        while excerpt.total != last, excerpt.total - before < 1 << 20 {
            last = excerpt.total
            _ = readOnce(into: &excerpt)
        }
    }
}
