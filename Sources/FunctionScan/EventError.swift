import Support

/// An event that cannot be worked on.
package struct EventError: Failure, Equatable {
    package let label: String
    package let description: String

    /// It is not what it says it is.
    package static func malformed(_ why: String) -> EventError {
        EventError(label: "Event.Malformed", description: "\(why) \(expected)")
    }

    /// It is something else than what is expected here.
    package static func unsupported(_ why: String) -> EventError {
        EventError(
            label: "Event.Unsupported",
            description: "\(why) \(expected)"
        )
    }

    private static let expected =
        "Expected: a CloudTrail event of a created or changed Lambda function, a job such as {\"job\": \"was-export\"}, "
        + "or an SQS batch of these."
}
