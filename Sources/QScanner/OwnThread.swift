#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// Runs work that blocks (poll, files) on a thread of its own, and suspends meanwhile: Swift's pool has one thread a
/// core, and one that blocks is missing to everybody.
func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let job = Unmanaged.passRetained(Job { continuation.resume(returning: work()) })
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        #if canImport(Glibc)
            var thread = pthread_t()
        #else
            var thread: pthread_t?
        #endif
        let status = pthread_create(&thread, &attributes, runJob, job.toOpaque())
        if status != 0 {
            // No thread to be had: rather a blocked pool thread than work that is never done.
            job.takeRetainedValue().run()
        }
    }
}

/// The same for work that fails with `Fault`.
func onOwnThread<Value: Sendable, Fault: Error>(
    _ work: @escaping @Sendable () throws(Fault) -> Value
) async throws(Fault) -> Value {
    let result: Result<Value, Fault> = await onOwnThread {
        do throws(Fault) {
            return .success(try work())
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

private final class Job: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runJob(_ job: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let job {
        Unmanaged<Job>.fromOpaque(job).takeRetainedValue().run()
    }
    return nil
}
