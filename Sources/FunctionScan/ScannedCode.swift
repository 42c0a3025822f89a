package import AWSClients
import Hashing
import Support

/// What was, or is to be, scanned: a function's code with its layers. Two that are equal need one scan.
package struct ScannedCode: Sendable, Hashable {
    /// As Lambda gives it: base64 for a zip.
    package var codeSHA256: String

    /// The SHA-256, in hexadecimal, of the layer versions' ARNs in their order: a version never changes, and
    /// CodeSha256 does not cover layers.
    package var layersSHA256: String

    package init(codeSHA256: String, layersSHA256: String) {
        self.codeSHA256 = codeSHA256
        self.layersSHA256 = layersSHA256
    }

    package init(_ description: FunctionDescription) {
        codeSHA256 = description.codeSHA256
        layersSHA256 = hexText(SHA256.digest(Array(description.layers.joined(separator: "\n").utf8)))
    }

    /// Both in one text, for the claim.
    var text: String { "\(codeSHA256)/\(layersSHA256)" }
}
