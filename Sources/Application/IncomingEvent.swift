import FoundationEssentials
package import FunctionScan
import Jobs
import Support

/// An event, told apart by what it asks for.
package enum IncomingEvent: Sendable {
    case functionChange(FunctionChange)

    case job(JobEvent)

    /// An SQS batch. Each record's body is an event of its own.
    case batch([Record])

    package struct Record: Decodable, Sendable {
        package let messageId: String
        package let body: String
    }

    /// Reads an event. Bytes that are not JSON, or nest deeper than 512 levels, are refused by the decoder. It would take
    /// other encodings than UTF-8, and odd bytes in members that it passes over.
    package init(_ bytes: [UInt8]) throws(EventError) {
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
            throw .malformed("The event is not UTF-8.")
        }
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: Data(bytes))
        } catch {
            throw .malformed("The event is not a JSON object of the expected form: \(Self.sentence(error))")
        }
        if let records = envelope.Records {
            self = .batch(records)
        } else if let job = envelope.job ?? envelope.detail?.job {
            self = .job(try job.event)
        } else if envelope.detailType == "Scheduled Event" {
            self = .job(JobEvent(name: .wasExport))
        } else if envelope.detailType == "AWS API Call via CloudTrail", let detail = envelope.detail?.trail {
            self = .functionChange(try FunctionChange(detail, account: envelope.account, region: envelope.region))
        } else {
            throw .unsupported("The event is of detail type \(quoted(envelope.detailType ?? "none")).")
        }
    }

    private struct Envelope: Decodable {
        let detailType: String?
        let account: String?
        let region: String?
        let detail: Detail?
        let job: JobMembers?
        let Records: [Record]?

        enum CodingKeys: String, CodingKey {
            case detailType = "detail-type"
            case account, region, detail, job, Records
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            detailType = try container.decodeIfPresent(String.self, forKey: .detailType)
            account = try container.decodeIfPresent(String.self, forKey: .account)
            region = try container.decodeIfPresent(String.self, forKey: .region)
            detail = try container.decodeIfPresent(Detail.self, forKey: .detail)
            Records = try container.decodeIfPresent([Record].self, forKey: .Records)
            job = container.contains(.job) ? try JobMembers(from: decoder) : nil
        }
    }

    /// `detail` is CloudTrail's record, or has a job in it.
    private struct Detail: Decodable {
        let job: JobMembers?
        let trail: FunctionChange.Detail?

        enum CodingKeys: String, CodingKey {
            case job, eventSource
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            job = container.contains(.job) ? try JobMembers(from: decoder) : nil
            trail = container.contains(.eventSource) ? try FunctionChange.Detail(from: decoder) : nil
        }
    }

    /// Where the decoder stumbled: the path of a member, never a value.
    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it cannot be read." }
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "the event itself" : quoted(path)
        }
        switch error {
        case .typeMismatch(_, let context): return "\(place(context)) is of another type."
        case .valueNotFound(_, let context): return "\(place(context)) is null."
        case .keyNotFound(let key, let context): return "\(place(context)) has no \(quoted(key.stringValue))."
        case .dataCorrupted: return "it is not JSON in UTF-8, or nests too deep."
        @unknown default: return "it cannot be read."
        }
    }
}
