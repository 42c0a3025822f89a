import Support

/// The pages of a search in a run that may go on: first those that are stored, then further ones.
struct PageChain {
    struct Step {
        /// From 1 on.
        let number: Int
        let after: Int64
        let isStored: Bool
    }

    private let cursor: SnapshotState.Cursor
    private var number = 1
    private var after: Int64
    private var isAtEnd: Bool

    init(_ cursor: SnapshotState.Cursor) {
        self.cursor = cursor
        after = cursor.after
        isAtEnd = cursor.isAtEnd && cursor.pages == 0
    }

    /// Nil when there is no further page.
    var next: Step? {
        guard !isAtEnd else { return nil }
        let isStored = number <= cursor.pages
        return Step(number: number, after: after, isStored: isStored)
    }

    mutating func move(past page: SnapshotPage) {
        if number < cursor.pages {
            number += 1
        } else if number == cursor.pages {
            number += 1
            isAtEnd = cursor.isAtEnd
        } else {
            number += 1
            after = page.next ?? after
            isAtEnd = page.next == nil
        }
    }
}

/// A page that a run before this one stored is not there any more: the run has to begin anew.
struct LostPage: Failure {
    let key: String

    var label: String { "Snapshot.LostPage" }

    var description: String { "The page \(key) of the run that goes on is not there any more." }
}
