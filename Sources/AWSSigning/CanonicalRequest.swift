import Support

/// The canonical request of Signature Version 4: the one text that client and server both make of a request.
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
struct CanonicalRequest {
    let text: String

    /// The names of the headers that are in it, lower-case, sorted, joined by `;`.
    let signedHeaders: String

    init(_ request: RequestToSign, headers: [(name: String, value: String)], pathRule: Signer.PathRule) {
        let canonicalHeaders = Self.headers(headers)
        signedHeaders = canonicalHeaders.map(\.name).joined(separator: ";")
        text = [
            request.method,
            Self.path(request.path, pathRule),
            Self.query(request.query),
            canonicalHeaders.map { "\($0.name):\($0.value)\n" }.joined(),
            signedHeaders,
            request.payloadHash,
        ].joined(separator: "\n")
    }

    /// S3 takes the path as it was sent. All other services take it with empty and dot segments resolved, and with what
    /// was encoded once encoded once more.
    static func path(_ path: String, _ rule: Signer.PathRule) -> String {
        switch rule {
        case .asSent:
            path.isEmpty ? "/" : path
        case .normalizedAndEncodedAgain:
            percentEncoded(normalized(path), keeping: "/")
        }
    }

    /// RFC 3986 section 5.2.4, with empty segments left out too.
    private static func normalized(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) where segment != "." {
            if segment == ".." {
                _ = segments.popLast()
            } else {
                segments.append(segment)
            }
        }
        let joined = "/" + segments.joined(separator: "/")
        return path.hasSuffix("/") && joined != "/" ? joined + "/" : joined
    }

    /// The parameters as they were sent, sorted by name and then by value; a parameter without `=` gets one.
    static func query(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        let parameters = query.split(separator: "&", omittingEmptySubsequences: false).map { parameter in
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: Array(parts[0].utf8), value: parts.count > 1 ? Array(parts[1].utf8) : [])
        }
        return
            parameters
            .sorted { left, right in
                left.name == right.name
                    ? left.value.lexicographicallyPrecedes(right.value)
                    : left.name.lexicographicallyPrecedes(right.name)
            }
            .map { String(decoding: $0.name, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self) }
            .joined(separator: "&")
    }

    /// Names in lower case and sorted, values trimmed and with runs of blanks as one; values of one name joined by
    /// commas in the order in which they were sent.
    static func headers(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        var valuesByName: [String: [String]] = [:]
        for header in headers {
            valuesByName[header.name.lowercased(), default: []].append(collapsed(header.value))
        }
        return
            valuesByName
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { (name: $0.key, value: $0.value.joined(separator: ",")) }
    }

    private static func collapsed(_ value: String) -> String {
        value.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: " ")
    }
}
