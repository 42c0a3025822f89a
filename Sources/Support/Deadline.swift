/// The moment by which work must be over. It travels from the runtime's header to every wait.
package struct Deadline: Sendable, Hashable {
    package let moment: Timestamp

    package init(_ moment: Timestamp) {
        self.moment = moment
    }

    /// What is left of it, never negative.
    package func remaining(at now: Timestamp) -> Duration {
        max(.zero, moment - now)
    }

    package func hasPassed(at now: Timestamp) -> Bool {
        now >= moment
    }

    /// An earlier deadline, which keeps `reserve` free for what has to be done afterwards.
    package func keeping(_ reserve: Duration) -> Deadline {
        Deadline(moment - reserve)
    }

    /// The nearer of this deadline and `duration` from `now`.
    package func atMost(_ duration: Duration, from now: Timestamp) -> Deadline {
        Deadline(min(moment, now + duration))
    }
}
