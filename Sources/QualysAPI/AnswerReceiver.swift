package import HTTPTransport
import Support

/// Takes the body of one answer and tells what it is. A new one is made for each attempt.
package struct AnswerReceiver<Body: Sendable>: Sendable {
    /// Where the body of a success goes.
    package let sink: HTTPBodySink

    /// How the body comes there.
    package let compression: HTTPCompression

    /// Runs side by side with the transfer, for a sink that is a channel, and ends when the channel does.
    package let read: @Sendable () async -> Void

    /// Called when a whole answer with a 2xx status has come, and `read` has ended.
    package let finish: @Sendable (HTTPResponse) throws(AnswerFault) -> Body

    /// What was wrong with the body when `sink` refused to take more of it.
    package let fault: @Sendable () -> AnswerFault?

    package init(
        sink: HTTPBodySink,
        compression: HTTPCompression = .unpacked,
        read: @escaping @Sendable () async -> Void = {},
        fault: @escaping @Sendable () -> AnswerFault? = { nil },
        finish: @escaping @Sendable (HTTPResponse) throws(AnswerFault) -> Body
    ) {
        self.sink = sink
        self.compression = compression
        self.read = read
        self.fault = fault
        self.finish = finish
    }
}

/// An answer that came whole, with the status of a success, and yet is none.
package enum AnswerFault: Error, Sendable, Equatable {
    /// An error in the body: its first part.
    case error([UInt8])

    /// It was cut, is not well-formed or not of this call. Another attempt may bring a proper one.
    case unreadable(String)

    /// It is well-formed, and no attempt will make it usable: why.
    case unusable(String)

    /// It could not be kept on this machine: why.
    case unkept(String)
}
