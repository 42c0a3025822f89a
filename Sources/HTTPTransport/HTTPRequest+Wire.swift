extension HTTPRequest {
    /// Checks all that could make the request mean something else on the wire; returns whom it is for.
    func checked() throws(HTTPError) -> HTTPOrigin {
        guard let origin = HTTPOrigin(of: url) else {
            throw HTTPError(
                .invalidRequest,
                origin: "an unreadable address",
                detail: "the address is not an absolute http or https one, or has a user, or bytes not percent-encoded"
            )
        }
        if let fault = methodFault ?? bodyFault ?? headerFault {
            throw HTTPError(.invalidRequest, origin: origin.description, detail: fault)
        }
        return origin
    }

    /// Whether a body is announced, if only one of length 0. A method that is made to carry content says so even when
    /// it has none (RFC 9110 section 8.6), and GET and HEAD don't when they have none.
    var sendsBody: Bool {
        switch body {
        case .none: ["POST", "PUT", "PATCH"].contains(method)
        case .bytes(let bytes): !bytes.isEmpty || !["GET", "HEAD"].contains(method)
        case .file, .stream: true
        }
    }

    /// The lines that libcurl is given: the caller's fields, and a bare name for each field that libcurl would add on
    /// its own, which takes it away (CURLOPT_HTTPHEADER), because requests are signed as the caller wrote them.
    ///
    /// `Expect` costs a wait of a second with a server that does not answer it.
    var headerLines: [String] {
        var lines: [String] = []
        for field in headers.fields {
            // libcurl writes this one itself; that both say the same has been checked.
            if sendsBody, field.isNamed("content-length") { continue }
            let value = trimmed(field.value)
            // A name with a semicolon is libcurl's way to send a field without a value.
            lines.append(value.isEmpty ? "\(field.name);" : "\(field.name): \(value)")
        }
        for name in ["Accept", "Content-Type", "Expect", "Proxy-Connection"] where headers[name] == nil {
            lines.append("\(name):")
        }
        return lines
    }

    private var methodFault: String? {
        isToken(method) ? nil : "the method is not a token"
    }

    private var bodyFault: String? {
        if method == "HEAD", sendsBody { return "a HEAD request has no body" }
        switch body {
        case .none, .bytes: return nil
        case .file(_, let offset, let count): return offset < 0 || count < 0 ? "the part of the file is negative" : nil
        case .stream(let count, _): return (count ?? 0) < 0 ? "the length of the body is negative" : nil
        }
    }

    /// RFC 9110 sections 5.1 and 5.5; what frames the body is not the caller's to say, or one request could turn into
    /// two (RFC 9112 section 11.2). The fault names no value and no name, which may hold anything.
    private var headerFault: String? {
        for (index, field) in headers.fields.enumerated() {
            guard isToken(field.name) else { return "the name of header field \(index + 1) is not a token" }
            let isClean = field.value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
            guard isClean else { return "header field \(index + 1) has a control character in its value" }
            if field.isNamed("transfer-encoding") { return "Transfer-Encoding is not the caller's to set" }
            if field.isNamed("content-length") {
                let isRight = body.length.map { String($0) == trimmed(field.value) } ?? false
                guard isRight else { return "Content-Length is not the length of the body" }
            }
        }
        return nil
    }
}

extension HTTPRequestBody {
    /// How many bytes it has; nil when that is not known.
    var length: Int64? {
        switch self {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.count)
        case .file(_, _, let count): count
        case .stream(let count, _): count
        }
    }

    /// Whether it can be sent again from the start.
    var isRepeatable: Bool {
        switch self {
        case .none, .bytes, .file: true
        case .stream: false
        }
    }
}

extension HTTPHeaders.Field {
    fileprivate func isNamed(_ other: String) -> Bool { equalIgnoringCase(name, other) }
}

/// Without the spaces and tabs around it, which are not part of a value (RFC 9110 section 5.5).
private func trimmed(_ value: String) -> Substring {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    var rest = value.utf8.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return Substring(rest)
}

/// RFC 9110 section 5.6.2.
private func isToken(_ text: String) -> Bool {
    let marks = "!#$%&'*+-.^_`|~".utf8
    return !text.isEmpty
        && text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || marks.contains(byte)
        }
}
