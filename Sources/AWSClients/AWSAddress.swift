/// An endpoint's address in its parts.
struct AWSAddress {
    /// Scheme and authority.
    let origin: String

    /// As the `Host` header has it: the port only when it is not the scheme's own.
    let host: String

    /// What an override may have behind the authority, without a slash at the end.
    let basePath: String

    init(_ url: String) {
        let schemeEnd = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let pathStart = url[schemeEnd...].firstIndex(of: "/") ?? url.endIndex
        origin = String(url[..<pathStart])
        basePath = String(url[pathStart...])
        let authority = String(url[schemeEnd..<pathStart])
        let ownPort = url.hasPrefix("https:") ? ":443" : ":80"
        host = authority.hasSuffix(ownPort) ? String(authority.dropLast(ownPort.count)) : authority
    }
}
