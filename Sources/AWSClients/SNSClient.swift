package import Telemetry

/// The calls of Amazon SNS that are made (API version 2010-03-31, query protocol).
package struct SNSClient: Sendable {
    private static let version = "2010-03-31"
    private let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// - Parameter attributes: Texts by which a subscription's filter policy can choose.
    package func publish(
        topicARN: String,
        subject: String,
        message: String,
        attributes: [(name: String, value: String)],
        _ context: CallContext
    ) async throws(AWSError) {
        var parameters = [("TopicArn", topicARN), ("Subject", subject), ("Message", message)]
        for (index, attribute) in attributes.enumerated() {
            let entry = "MessageAttributes.entry.\(index + 1)"
            parameters.append(("\(entry).Name", attribute.name))
            parameters.append(("\(entry).Value.DataType", "String"))
            parameters.append(("\(entry).Value.StringValue", attribute.value))
        }
        _ = try await caller.send(
            AWSRequest(query: .sns, action: "Publish", version: Self.version, parameters: parameters),
            context
        )
    }

    /// Fails when the topic is not there or may not be read.
    package func checkTopic(_ topicARN: String, _ context: CallContext) async throws(AWSError) {
        _ = try await caller.send(
            AWSRequest(
                query: .sns,
                action: "GetTopicAttributes",
                version: Self.version,
                parameters: [("TopicArn", topicARN)]
            ),
            context
        )
    }
}
