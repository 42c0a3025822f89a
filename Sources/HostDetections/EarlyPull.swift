import Synchronization
import Telemetry

/// The pull of the first batch, which begins while the list of hosts still comes: how many calls may run at a time is known
/// with its answer, and the others need not wait for that.
final class EarlyPull: Sendable {
    private struct Begun: Sendable {
        let work: Work
        let task: Task<BatchPull.Pulled, any Error>
    }

    private let puller: BatchPull
    private let context: CallContext
    private let begun = Mutex<Begun?>(nil)

    init(_ puller: BatchPull, _ context: CallContext) {
        self.puller = puller
        self.context = context
    }

    /// Begins with what looks like the first batch, once.
    func begin(_ batch: HostBatch) {
        begun.withLock { begun in
            guard begun == nil else { return }
            let work = Work(number: 1, kind: .detections, batch: batch)
            begun = Begun(work: work, task: Task { [puller, context] in try await puller.pull(work, context) })
        }
    }

    /// What came of it; nil where the work is another.
    func result(of work: Work) async throws -> BatchPull.Pulled? {
        guard let begun = begun.withLock({ $0 }), begun.work == work else { return nil }
        return try await withTaskCancellationHandler {
            try await begun.task.value
        } onCancel: {
            begun.task.cancel()
        }
    }

    /// Ends it, unless it is this work: ids that come in no order make another first batch.
    func end(unless work: Work?) async {
        guard let begun = begun.withLock({ $0 }), begun.work != work else { return }
        begun.task.cancel()
        _ = await begun.task.result
    }
}
