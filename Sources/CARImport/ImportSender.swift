import Jobs
import Support
import Synchronization
import Telemetry

/// Hands imports over, several at a time, and waits until CAR has done them.
struct ImportSender: Sendable {
    let client: CARClient
    let workers: Int
    let progress: JobProgress
    /// Where the imports are kept as files, too.
    var export: ImportFiles?

    /// So many imports may be under way at CAR before the first of them are waited for.
    private static let mostOpen = 100

    /// - Parameter write: Gives the imports one by one.
    func send(_ context: CallContext, _ write: (GraphWriter.Emit) async throws -> Void) async throws {
        var open: [String] = []
        try await withThrowingTaskGroup(of: String.self) { group in
            var running = 0
            try await write { collection, envelope in
                if running == workers, let id = try await group.next() {
                    open.append(id)
                    running -= 1
                }
                if open.count >= Self.mostOpen {
                    try await client.awaitImports(open, context)
                    open = []
                }
                try export?.write(collection, envelope)
                progress.report(JobProgress.Report(unit: "imports", done: count.next()))
                group.addTask { try await client.post(envelope, context) }
                running += 1
            }
            for try await id in group { open.append(id) }
        }
        try await client.awaitImports(open, context)
    }

    private let count = Counter()

    init(client: CARClient, workers: Int, progress: JobProgress, export: ImportFiles? = nil) {
        self.client = client
        self.workers = max(1, workers)
        self.progress = progress
        self.export = export
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)

        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }
}
