package import FunctionScan
package import JSONStream
import Jobs
import Support

/// An event, told apart by what it asks for.
package enum IncomingEvent: Sendable {
    case functionChange(FunctionChange)

    case job(JobEvent)

    /// An SQS batch. Each record's body is an event of its own.
    case batch([Record])

    package struct Record: JSONReadable, Sendable {
        package let messageId: String
        package let body: String

        package init(json: JSONValue) throws(JSONShapeFault) {
            messageId = try json.member("messageId")
            body = try json.member("body")
        }
    }

    /// Reads an event. Bytes that are not JSON in UTF-8, or nest deeper than 512 levels, are refused.
    package init(_ bytes: [UInt8]) throws(EventError) {
        guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
            throw .malformed("The event is not UTF-8.")
        }
        let envelope: Envelope
        do {
            envelope = try Envelope(jsonText: bytes)
        } catch {
            throw .malformed("The event is not a JSON object of the expected form: \(Self.sentence(error))")
        }
        if let records = envelope.records {
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

    private struct Envelope: JSONReadable {
        let detailType: String?
        let account: String?
        let region: String?
        let detail: Detail?
        let job: JobMembers?
        let records: [Record]?

        init(json: JSONValue) throws(JSONShapeFault) {
            detailType = try json.member(optional: "detail-type")
            account = try json.member(optional: "account")
            region = try json.member(optional: "region")
            detail = try json.member(optional: "detail")
            records = try json.member(optional: "Records")
            job = json["job"] == nil ? nil : try JobMembers(json: json)
        }
    }

    /// `detail` is CloudTrail's record, or has a job in it.
    private struct Detail: JSONReadable {
        let job: JobMembers?
        let trail: FunctionChange.Detail?

        init(json: JSONValue) throws(JSONShapeFault) {
            try json.checkObject()
            job = json["job"] == nil ? nil : try JobMembers(json: json)
            trail = json["eventSource"] == nil ? nil : try FunctionChange.Detail(json: json)
        }
    }

    /// What is wrong: the path of a member, never a value.
    private static func sentence(_ error: any Error) -> String {
        guard let fault = error as? JSONShapeFault else { return "it is not JSON in UTF-8, or nests too deep." }
        let place = fault.path.isEmpty ? "the event itself" : quoted(fault.pathText)
        return switch fault.problem {
        case .otherType: "\(place) is of another type."
        case .null: "\(place) is null."
        case .missing(let name): "\(place) has no \(quoted(name))."
        }
    }
}
