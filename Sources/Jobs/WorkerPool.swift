import QualysAPI

/// Runs `work` for each item, at most `workers` at a time, in the order of the items; an item is taken when a worker is
/// free. The first failure ends it all: work that may fail alone catches its own failures. A limit of Qualys ends just the
/// taking, since calls on their way are counted, and answered, all the same.
package func forEach<Item: Sendable>(
    _ items: some Sequence<Item>,
    workers: Int,
    _ work: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        var failure: (any Error)?
        var running = 0
        func end() async {
            do {
                try await group.next()
            } catch {
                if failure.map(isLimit) ?? true { failure = error }
                if !isLimit(error) { group.cancelAll() }
            }
            running -= 1
        }
        for item in items {
            if running == max(1, workers) { await end() }
            if failure != nil { break }
            group.addTask { try await work(item) }
            running += 1
        }
        while running > 0 { await end() }
        if let failure { throw failure }
    }
}

private func isLimit(_ error: any Error) -> Bool { (error as? QualysError)?.kind == .limit }
