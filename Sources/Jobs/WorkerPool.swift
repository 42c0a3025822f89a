/// Runs `work` for each item, at most `workers` at a time, in the order of the items; an item is taken when a worker is
/// free. The first failure ends it all: work that may fail alone catches its own failures.
package func forEach<Item: Sendable>(
    _ items: some Sequence<Item>,
    workers: Int,
    _ work: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        var running = 0
        for item in items {
            if running == max(1, workers) {
                try await group.next()
                running -= 1
            }
            group.addTask { try await work(item) }
            running += 1
        }
        // Not `waitForAll`, which lets the others run to their end after a failure.
        for try await _ in group {}
    }
}
