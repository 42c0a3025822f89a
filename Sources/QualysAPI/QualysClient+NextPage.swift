import HTTPTransport
package import Telemetry

extension QualysClient {
    /// The call for the page that WARNING/URL of an answer names: the address's query as the form of the same call, since an
    /// address with thousands of ids is refused (414).
    ///
    /// - Parameters:
    ///   - url: As the answer has it.
    ///   - call: What was answered, with a form.
    /// - Throws: `QualysError`, `paging`, when it leads to another server, which would be given the password, or not on.
    package func nextPage(
        _ url: String,
        after call: QualysCall,
        _ context: CallContext
    ) async throws(QualysError) -> QualysCall {
        func fault(_ message: String) -> QualysError {
            QualysError(.paging, call: call.name, status: 200, message: message)
        }
        let base = try await sessions.session(for: call.api, context).account.apiURL
        guard case .form(let fields) = call.body, let question = url.firstIndex(of: "?"),
            let origin = HTTPOrigin(of: url), origin == HTTPOrigin(of: base)
        else { throw fault("The next page is at another address than this API; it is not asked for.") }
        // An address cannot carry all that a form can, so some fields may be left out in it.
        var form = fields
        for field in formFields(url[url.index(after: question)...]) {
            form.removeAll { $0.name == field.name }
            form.append(field)
        }
        guard let start = number("id_min", form), start > number("id_min", fields) ?? -1 else {
            throw fault("The next page does not lead on: its id_min does not grow.")
        }
        var next = call
        next.body = .form(form)
        return next
    }
}

private func number(_ name: String, _ fields: [(name: String, value: String)]) -> Int64? {
    fields.last { $0.name == name }.flatMap { Int64($0.value) }
}
