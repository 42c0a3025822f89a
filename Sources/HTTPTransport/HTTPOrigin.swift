/// Scheme, host and port of an address (RFC 6454): who is spoken to, and all of an address that an error may show.
package struct HTTPOrigin: Sendable, Hashable {
    /// `http` or `https`.
    package let scheme: String

    /// In lower case; an IPv6 address keeps its brackets.
    package let host: String

    /// The port that is meant when none is written: 80 or 443.
    package let port: Int

    /// Takes the origin off the front of an absolute `http` or `https` address.
    ///
    /// Nil for anything that libcurl and this code might read in two ways, since credentials are given by origin: a
    /// user before the host, a byte that should have been percent-encoded, a backslash or a percent sign in the host.
    package init?(of url: String) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let colon = url.firstIndex(of: ":") else {
            return nil
        }
        let scheme = url[..<colon].lowercased()
        let afterScheme = url[colon...]
        guard scheme == "http" || scheme == "https", afterScheme.hasPrefix("://") else { return nil }

        let authority = afterScheme.dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let (host, port) = splitAuthority(authority) else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port ?? (scheme == "https" ? 443 : 80)
    }
}

extension HTTPOrigin: CustomStringConvertible {
    package var description: String {
        let isUsual = port == (scheme == "https" ? 443 : 80)
        return isUsual ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }
}

private func splitAuthority(_ authority: Substring) -> (host: Substring, port: Int?)? {
    let host: Substring
    if authority.hasPrefix("[") {
        guard let end = authority.firstIndex(of: "]") else { return nil }
        host = authority[...end]
        guard host.dropFirst().dropLast().utf8.contains(UInt8(ascii: ":")),
            host.dropFirst().dropLast().utf8.allSatisfy({
                isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            })
        else { return nil }
    } else {
        host = authority.prefix { $0 != ":" }
        guard !host.isEmpty, host.utf8.allSatisfy(isHostByte) else { return nil }
    }

    let rest = authority[host.endIndex...]
    if rest.isEmpty { return (host, nil) }
    let digits = rest.dropFirst()
    guard rest.first == ":", (1...5).contains(digits.count), digits.utf8.allSatisfy(isDigit),
        let port = Int(digits), (1...65535).contains(port)
    else { return nil }
    return (host, port)
}

private func isHostByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}
