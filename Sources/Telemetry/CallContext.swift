package import Logging
package import Support

/// What travels with a piece of work to every call it makes: until when, and where to say what happened.
package struct CallContext: Sendable {
    package var deadline: Deadline
    package var log: Logger

    package init(deadline: Deadline, log: Logger) {
        self.deadline = deadline
        self.log = log
    }

    /// The same work, with less time.
    package func keeping(_ reserve: Duration) -> CallContext {
        CallContext(deadline: deadline.keeping(reserve), log: log)
    }
}
