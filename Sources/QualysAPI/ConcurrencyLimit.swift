/// How many calls of one API may run at a time: what the server says, or what can be guessed from its refusals where it
/// says nothing.
struct ConcurrencyLimit {
    /// The most that we want.
    let workers: Int

    /// What the server said last.
    private(set) var told: Int?

    private var guessed: Int?
    private var goodAnswers = 0
    private var hasAnswer = false

    /// After so many good answers one more call is tried; twice as many after each refusal.
    private var patience = 50
    private static let mostPatience = 5000

    init(workers: Int) {
        self.workers = workers
    }

    var width: Int { hasAnswer ? min(workers, told ?? guessed ?? workers) : 1 }

    mutating func learn(_ concurrency: Int) {
        hasAnswer = true
        told = concurrency
    }

    /// A call was answered without a word on the limit.
    mutating func wasAnswered() {
        hasAnswer = true
        guard let guess = guessed else { return }
        goodAnswers += 1
        if goodAnswers >= patience { (guessed, goodAnswers) = (guess < workers ? guess + 1 : nil, 0) }
    }

    /// A call was refused without a word on the limit. Of calls that run together as many are refused as are too many: each
    /// makes room for one fewer.
    mutating func wasRefused() {
        hasAnswer = true
        guessed = max(1, width - 1)
        goodAnswers = 0
        patience = min(2 * patience, Self.mostPatience)
    }
}
