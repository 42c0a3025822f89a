import FoundationEssentials

/// What an answer means for the exit status.
enum InvokeAnswer {
    /// Nil when all is done: of a batch the messages that failed decide, else a result that is partial, or a job that is not at its end.
    static func exitStatus(_ answer: [UInt8], of event: [UInt8]) -> ExitStatus? {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(answer)) else { return nil }
        if let failures = answer.batchItemFailures, !failures.isEmpty {
            let messages = try? JSONDecoder().decode(Batch.self, from: Data(event)).Records.count
            return failures.count == messages ? .failed : .partial
        }
        return answer.status == "partial" || answer.status == "continues" ? .partial : nil
    }

    private struct Answer: Decodable {
        struct Failure: Decodable { let itemIdentifier: String }
        let status: String?
        let batchItemFailures: [Failure]?
    }

    private struct Batch: Decodable {
        struct Record: Decodable { let messageId: String }
        let Records: [Record]
    }
}
