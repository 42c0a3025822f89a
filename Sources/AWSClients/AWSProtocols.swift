import Support

extension AWSRequest {
    /// A call in the query protocol: a form with the action's name and version.
    init(query service: AWSService, action: String, version: String, parameters: [(String, String)]) {
        let form = [("Action", action), ("Version", version)] + parameters
        let body = form.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        self.init(
            service: service,
            action: action,
            headers: [(name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8")],
            body: .bytes(Array(body.utf8))
        )
    }

    /// A call in the JSON protocol: the action in a header, its parameters as the body.
    init(json service: AWSService, target: String, action: String, version: String, body: [UInt8]) {
        self.init(
            service: service,
            action: action,
            headers: [
                (name: "Content-Type", value: "application/x-amz-json-\(version)"),
                (name: "X-Amz-Target", value: "\(target).\(action)"),
            ],
            body: .bytes(body)
        )
    }
}

extension AWSError {
    /// A success whose body is not what the service's API page says.
    static func unreadable(_ request: AWSRequest, _ status: Int) -> AWSError {
        AWSError(
            service: request.service,
            action: request.action,
            status: status,
            code: "Answer.Unreadable",
            message: "The answer lacks what the API promises."
        )
    }
}
