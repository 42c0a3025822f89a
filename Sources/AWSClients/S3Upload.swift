import HTTPTransport
import Support
package import Telemetry

extension S3Client {
    /// S3 takes parts from 5 MB; a part is what is held in memory. 10,000 of them make 80 GB.
    package static let partSize = 8 << 20

    /// Stores an object of a length that is not known before: in one PutObject when it is shorter than a part, else in
    /// parts, which are given up when anything fails. The object is there whole or not at all.
    ///
    /// - Parameter next: Gives the next bytes: as many as asked for, or fewer, and then the object ends.
    /// - Returns: The length of the object in bytes.
    package func upload(
        _ object: Object,
        _ context: CallContext,
        next: (_ count: Int) throws -> [UInt8]
    ) async throws -> Int64 {
        var part = try next(Self.partSize)
        guard part.count == Self.partSize else {
            try await put(object, part, context)
            return Int64(part.count)
        }
        let uploadID = try await beginParts(object, context)
        do {
            var eTags: [String] = []
            var byteCount: Int64 = 0
            while !part.isEmpty {
                eTags.append(try await putPart(object, uploadID, number: eTags.count + 1, part, context))
                byteCount += Int64(part.count)
                part = part.count == Self.partSize ? try next(Self.partSize) : []
            }
            try await joinParts(object, uploadID, eTags, context)
            return byteCount
        } catch {
            // Parts that stay behind cost money. A bucket's lifecycle rule removes them if this fails too.
            try? await abandonParts(object, uploadID, context)
            throw error
        }
    }

    private func beginParts(_ object: Object, _ context: CallContext) async throws(AWSError) -> String {
        let request = request("CreateMultipartUpload", "POST", object, query: "uploads=", headers: headers(of: object))
        let answer = try await caller.send(request, context)
        guard let id = XMLTexts(answer.body)?["UploadId"] else { throw .unreadable(request, answer.status) }
        return id
    }

    private func putPart(
        _ object: Object,
        _ uploadID: String,
        number: Int,
        _ part: [UInt8],
        _ context: CallContext
    ) async throws(AWSError) -> String {
        let query = "partNumber=\(number)&\(query(uploadID))"
        let request = request("UploadPart", "PUT", object, query: query, body: .bytes(part))
        let answer = try await caller.send(request, context)
        guard let eTag = answer.headers["ETag"] else { throw .unreadable(request, answer.status) }
        return eTag
    }

    private func joinParts(
        _ object: Object,
        _ uploadID: String,
        _ eTags: [String],
        _ context: CallContext
    ) async throws(AWSError) {
        var xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for (index, eTag) in eTags.enumerated() {
            xml += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(escaped(eTag))</ETag></Part>"
        }
        xml += "</CompleteMultipartUpload>"
        let request = request(
            "CompleteMultipartUpload",
            "POST",
            object,
            query: query(uploadID),
            headers: [(name: "Content-Type", value: "application/xml")],
            body: .bytes(Array(xml.utf8))
        )
        // This call answers 200 before it is done: an error may stand in the body of a success.
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
        _ = try await caller.send(request, context) { answer in
            let texts = XMLTexts(answer.body)
            guard texts?["ETag"] == nil else { return nil }
            return AWSError(
                service: .s3,
                action: request.action,
                status: 200,
                code: AWSError.code(texts?["Code"]) ?? "Answer.Unreadable",
                message: texts?["Message"].map(AWSError.sentence) ?? "The parts were not joined."
            )
        }
    }

    private func abandonParts(_ object: Object, _ uploadID: String, _ context: CallContext) async throws(AWSError) {
        _ = try await caller.send(request("AbortMultipartUpload", "DELETE", object, query: query(uploadID)), context)
    }

    private func query(_ uploadID: String) -> String {
        "uploadId=\(percentEncoded(uploadID))"
    }

    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }
}
