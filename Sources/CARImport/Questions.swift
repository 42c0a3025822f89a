import Jobs
import Support
import Synchronization
import Telemetry

/// The active edges of one vertex, which CAR is asked for.
struct Question: Sendable {
    let edge: String

    /// The vertex: the collection, and its key or id.
    let end: (collection: String, key: String)

    /// The collection at the other end of the edges.
    let other: String
}

/// Asks CAR for edges, and keeps in mind how long answers can be: one that may have been cut proves nothing.
final class Questions {
    private let client: CARClient
    private let run: ImportRun

    /// Rows of the longest answer that was ever seen.
    private(set) var largest: Int
    private var longest = 0
    private(set) var count = 0
    private var time = Duration.zero

    init(client: CARClient, run: ImportRun, largest: Int) {
        self.client = client
        self.run = run
        self.largest = largest
    }

    /// Asks side by side, and gives the answers some at a time, in the order of the questions: the ids at the other end.
    ///
    /// - Throws: `NeedsFullImport` where CAR has no answer or there is no time, `CARError` for what may pass.
    func ask(_ questions: [Question], _ take: ([(question: Question, ids: [String])]) throws -> Void) async throws {
        let most = 8 * run.sender.workers
        for start in stride(from: 0, to: questions.count, by: most) {
            try checkTime(for: questions.count - start)
            let some = Array(questions[start..<min(start + most, questions.count)])
            let answers = Mutex<[[String]]>(Array(repeating: [], count: some.count))
            let left = timeLeft
            try await forEach(some.enumerated(), workers: run.sender.workers) { [client, run] number, question in
                let (collection, key) = question.end
                let prefix = GraphMapping.keyed.contains(collection) ? collection : run.source
                let end = (collection: collection, id: "\(prefix)/\(key)")
                do {
                    let ids = try await client.neighbours(question.edge, of: end, at: question.other, run.context)
                    answers.withLock { $0[number] = ids }
                } catch let error as CARError where error.isLasting {
                    // Or every incremental import would end at this question.
                    throw NeedsFullImport(description: error.description)
                }
            }
            time += left - timeLeft
            count += some.count
            let found = answers.withLock { $0 }
            longest = max(longest, found.map(\.count).max() ?? 0)
            try take(Array(zip(some, found)))
        }
    }

    private var timeLeft: Duration { run.context.deadline.remaining(at: client.clock.now()) }

    /// Half of the time that is left is for what follows: questions that take longer are not asked to their end.
    private func checkTime(for further: Int) throws(NeedsFullImport) {
        guard count > 0, time / count * further > timeLeft / 2 else { return }
        throw NeedsFullImport(description: "There is no time for \(further) more questions to CAR.")
    }

    /// A server that cuts answers cuts all at the same length, which no answer passes. So an answer that is shorter than
    /// another one ever was is whole.
    func check() throws(NeedsFullImport) {
        defer { largest = max(largest, longest) }
        guard longest < largest || longest == 0 else {
            throw NeedsFullImport(description: "An answer of CAR with \(longest) edges may have been cut.")
        }
    }
}
