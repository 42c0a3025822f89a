import AWSSigning
import FoundationEssentials
import HTTPTransport
package import Support
package import Telemetry

/// The calls of AWS Lambda that are made.
package struct LambdaClient: Sendable {
    private let caller: AWSCaller

    package init(_ caller: AWSCaller) {
        self.caller = caller
    }

    /// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    ///
    /// - Parameter function: A name or an ARN.
    /// - Returns: Nil when there is no such function.
    package func function(_ function: String, _ context: CallContext) async throws(AWSError) -> FunctionDescription? {
        let request = AWSRequest(
            service: .lambda,
            action: "GetFunction",
            method: "GET",
            path: "/2015-03-31/functions/\(percentEncoded(function))"
        )
        let answer: HTTPResponse
        do {
            answer = try await caller.send(request, context)
        } catch {
            guard error.code == "ResourceNotFoundException" else { throw error }
            return nil
        }
        guard let description = FunctionDescription(json: answer.body) else {
            throw .unreadable(request, answer.status)
        }
        return description
    }

    /// Adds or replaces these tags; others stay.
    /// https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
    package func tag(
        _ functionARN: String,
        _ tags: [(name: String, value: String)],
        _ context: CallContext
    ) async throws(AWSError) {
        var body = JSONWriter()
        body.object { body in
            body.key("Tags")
            body.object { body in
                for tag in tags { body.member(tag.name, tag.value) }
            }
        }
        _ = try await caller.send(
            AWSRequest(
                service: .lambda,
                action: "TagResource",
                path: "/2017-03-31/tags/\(percentEncoded(functionARN))",
                headers: [(name: "Content-Type", value: "application/json")],
                body: .bytes(body.bytes)
            ),
            context
        )
    }
}

/// What GetFunction tells of a function, as far as it is needed.
package struct FunctionDescription: Sendable {
    package enum PackageType: String, Sendable {
        case zip = "Zip"
        case image = "Image"
    }

    package var arn: String
    package var name: String
    package var packageType: PackageType
    package var runtime: String?
    package var lastModified: String?

    /// The SHA-256 of the zip in base64; of an image function the digest of its image. Layers are not part of it.
    package var codeSHA256: String
    package var codeSize: Int64

    /// The ARNs of the layers' versions, in their order.
    package var layers: [String]

    /// The presigned address of the zip, good for ten minutes: a secret. Nil for an image.
    package var packageLocation: Redacted?

    /// The image, which stands under `Code`, not under `Configuration`.
    package var imageURI: String?

    /// Nil when the bytes are not an answer of GetFunction.
    package init?(json: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json)) else { return nil }
        let configuration = answer.Configuration
        arn = configuration.FunctionArn
        name = configuration.FunctionName
        packageType = configuration.PackageType == "Image" ? .image : .zip
        runtime = configuration.Runtime
        lastModified = configuration.LastModified
        codeSHA256 = configuration.CodeSha256
        codeSize = configuration.CodeSize ?? 0
        layers = configuration.Layers?.map(\.Arn) ?? []
        packageLocation = packageType == .zip ? answer.Code?.Location : nil
        imageURI = answer.Code?.ImageUri
    }

    private struct Answer: Decodable {
        let Configuration: Configuration
        let Code: Code?
    }

    private struct Configuration: Decodable {
        let FunctionArn: String
        let FunctionName: String
        let CodeSha256: String
        let CodeSize: Int64?
        let PackageType: String?
        let Runtime: String?
        let LastModified: String?
        let Layers: [Layer]?
    }

    private struct Layer: Decodable {
        let Arn: String
    }

    private struct Code: Decodable {
        let Location: Redacted?
        let ImageUri: String?
    }
}
