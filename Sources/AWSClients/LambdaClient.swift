import HTTPTransport
import JSONStream
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

    package var packageType: PackageType
    package var runtime: String?
    package var lastModified: String?

    /// The SHA-256 of the zip in base64; of an image function the digest of its image. Layers are not part of it.
    package var codeSHA256: String

    /// The ARNs of the layers' versions, in their order.
    package var layers: [String]

    /// The presigned address of the zip, good for ten minutes: a secret. Nil for an image.
    package var packageLocation: Redacted?

    /// The image, which stands under `Code`, not under `Configuration`.
    package var imageURI: String?

    /// Nil when the bytes are not an answer of GetFunction.
    package init?(json: [UInt8]) {
        guard let description = try? FunctionDescription(jsonText: json) else { return nil }
        self = description
    }
}

extension FunctionDescription: JSONReadable {
    init(json: JSONValue) throws(JSONShapeFault) {
        let configuration: Configuration = try json.member("Configuration")
        let code: Code? = try json.member(optional: "Code")
        packageType = configuration.packageType == "Image" ? .image : .zip
        runtime = configuration.runtime
        lastModified = configuration.lastModified
        codeSHA256 = configuration.codeSHA256
        layers = configuration.layers
        packageLocation = packageType == .zip ? code?.location : nil
        imageURI = code?.imageURI
    }

    private struct Configuration: JSONReadable {
        let codeSHA256: String
        let packageType: String?
        let runtime: String?
        let lastModified: String?
        let layers: [String]

        init(json: JSONValue) throws(JSONShapeFault) {
            codeSHA256 = try json.member("CodeSha256")
            packageType = try json.member(optional: "PackageType")
            runtime = try json.member(optional: "Runtime")
            lastModified = try json.member(optional: "LastModified")
            let layers: [Layer]? = try json.member(optional: "Layers")
            self.layers = layers?.map(\.arn) ?? []
        }
    }

    private struct Layer: JSONReadable {
        let arn: String

        init(json: JSONValue) throws(JSONShapeFault) {
            arn = try json.member("Arn")
        }
    }

    private struct Code: JSONReadable {
        let location: Redacted?
        let imageURI: String?

        init(json: JSONValue) throws(JSONShapeFault) {
            location = try json.member(optional: "Location")
            imageURI = try json.member(optional: "ImageUri")
        }
    }
}
