import QualysAPI
import Support

/// Follows WARNING/URL of an answer that was cut at a number of records.
enum NextPage {
    /// The form of the next page: what the address has as its query, to be POSTed to the same path, since an address with
    /// thousands of ids is refused (414).
    ///
    /// - Parameters:
    ///   - url: As the answer has it.
    ///   - base: The address of the API that is configured: a page elsewhere would be given the password.
    ///   - fields: The form of this page.
    /// - Throws: `QualysError`, `paging`, when it leads elsewhere or not on.
    static func form(
        _ url: String,
        base: String,
        after fields: [(name: String, value: String)],
        call: String
    ) throws(QualysError) -> [(name: String, value: String)] {
        func fault(_ message: String) -> QualysError { QualysError(.paging, call: call, status: 200, message: message) }
        guard let question = url.firstIndex(of: "?"), sameOrigin(url, base) else {
            throw fault("The next page is at another address than this API; it is not asked for.")
        }
        // An address can't carry what a form can, so some fields may be left out in it.
        var next = fields
        for field in formFields(url[url.index(after: question)...]) {
            next.removeAll { $0.name == field.name }
            next.append(field)
        }
        guard let start = value("id_min", next), start > value("id_min", fields) ?? -1 else {
            throw fault("The next page does not lead on: its id_min does not grow.")
        }
        return next
    }

    private static func value(_ name: String, _ fields: [(name: String, value: String)]) -> Int64? {
        fields.last { $0.name == name }.flatMap { Int64($0.value) }
    }

    /// Scheme, host and port, in whatever case; nothing before an `@` may pass for a host.
    private static func sameOrigin(_ left: String, _ right: String) -> Bool {
        guard let left = origin(left), let right = origin(right) else { return false }
        return left == right
    }

    private static func origin(_ url: String) -> String? {
        let lower = url.lowercased()
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where lower.hasPrefix(scheme) {
            let authority = lower.dropFirst(scheme.count).prefix { !"/?#\\".contains($0) }
            guard !authority.isEmpty, !authority.contains("@") else { return nil }
            return scheme + (authority.hasSuffix(port) ? authority.dropLast(port.count) : authority)
        }
        return nil
    }
}
