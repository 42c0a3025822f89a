import Support

/// A failure in the form that Lambda takes: it is what the console, the dead letter and the alarms show.
package struct ReportedError: Sendable, Equatable {
    /// `Category.Reason`.
    let type: String
    let message: String

    package init(_ error: any Error) {
        (type, message) = describe(error)
    }

    var body: [UInt8] {
        var body = JSONWriter()
        body.object { body in
            body.member("errorMessage", message)
            body.member("errorType", type)
            body.key("stackTrace")
            body.array { _ in }
        }
        return body.bytes
    }
}
