package import Support

/// One event with what the Runtime API tells of it.
package struct Invocation: Sendable {
    /// The same for every attempt of Lambda at one event.
    package var requestID: String

    /// When Lambda ends the environment.
    package var deadline: Deadline

    /// The ARN by which this function was called, qualifier included.
    package var functionARN: String
    package var traceID: String?

    /// The payload as it came.
    package var event: [UInt8]

    package init(
        requestID: String,
        deadline: Deadline,
        functionARN: String,
        traceID: String? = nil,
        event: [UInt8]
    ) {
        self.requestID = requestID
        self.deadline = deadline
        self.functionARN = functionARN
        self.traceID = traceID
        self.event = event
    }
}
