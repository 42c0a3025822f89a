import HTTPTransport
package import QualysAPI
package import Support

/// Who signs in to a Connected Assets & Risk (CAR) database, and where. Credentials go to this address only.
package struct CARAccount: Sendable, Equatable {
    /// The base of all calls, which ends in `/api/car/v2`.
    package let url: String

    /// The value of `Authorization`.
    let authorization: Redacted

    /// - Parameters:
    ///   - url: `https://host/.../api/car/v2`, with or without a slash at its end.
    package init(url: String, key: Redacted, password: Redacted) throws(CARAccountError) {
        self.url = try Self.checked(url)
        let pair = base64Text("\(key.exposed):\(password.exposed)".utf8)
        authorization = Redacted("Basic \(pair)")
    }

    package init(url: String, token: Redacted) throws(CARAccountError) {
        self.url = try Self.checked(url)
        guard isPlain(token.exposed) else { throw .notPlain }
        authorization = Redacted("car-token \(token.exposed)")
    }

    /// From the fields `car_url` with `car_api_key` and `car_api_password`, or `car_token`.
    package init(secret: QualysSecret) throws {
        let url = try secret.required("car_url").exposed
        if secret[optional: "car_api_key"] == nil, secret[optional: "car_token"] != nil {
            try self.init(url: url, token: secret.required("car_token"))
        } else {
            try self.init(
                url: url,
                key: secret.required("car_api_key"),
                password: secret.required("car_api_password")
            )
        }
    }

    /// The base of the calls that only the third version has.
    var thirdURL: String { String(url.dropLast()) + "3" }

    private static func checked(_ url: String) throws(CARAccountError) -> String {
        let base = url.hasSuffix("/") ? String(url.dropLast()) : url
        // Credentials travel there: https, or http on this machine for tests.
        guard let origin = HTTPOrigin(of: base),
            origin.scheme == "https" || ["127.0.0.1", "localhost", "[::1]"].contains(origin.host),
            base.hasSuffix("/api/car/v2"), !base.contains("?"), !base.contains("#")
        else { throw .url }
        return base
    }
}

/// The sign-in data of CAR cannot be used.
package enum CARAccountError: Failure, Equatable {
    case url
    case notPlain

    package var label: String {
        switch self {
        case .url: "CAR.Address"
        case .notPlain: "CAR.Token"
        }
    }

    package var description: String {
        switch self {
        case .url: "The address of CAR (car_url) is not an https address that ends in /api/car/v2."
        case .notPlain: "The token of CAR (car_token) has a line break or another control character."
        }
    }
}

private func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
}
