/// An endpoint's address in its parts.
struct AWSAddress {
    /// Scheme and authority.
    let origin: String

    /// As the `Host` header has it: the port only when it is not the scheme's own.
    let host: String

    /// What an override may have behind the authority, without a slash at the end.
    let basePath: String

    init(_ url: String) {
        // `https:`, nothing, the authority, and what follows it.
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let authority = parts.count > 2 ? String(parts[2]) : ""
        origin = parts.prefix(3).joined(separator: "/")
        basePath = parts.count > 3 ? "/\(parts[3])" : ""
        let ownPort = url.hasPrefix("https:") ? ":443" : ":80"
        host = authority.hasSuffix(ownPort) ? String(authority.dropLast(ownPort.count)) : authority
    }
}
