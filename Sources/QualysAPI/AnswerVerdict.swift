import Support

/// What to do about an answer that is no success: a pure function of status, code and headers.
///
/// The code decides before the status, because Qualys sends errors with status 200 and limits with several.
enum AnswerVerdict: Sendable, Equatable {
    /// Wait as long as the server says, or when it says nothing as the pause between attempts, and call again.
    case limited(wait: Duration?)
    /// It may pass by itself.
    case passing(QualysError.Kind)
    case final(QualysError.Kind)

    /// - Parameters:
    ///   - status: Of HTTP.
    ///   - code: `responseCode` of a ServiceResponse, `CODE` of a SIMPLE_RETURN, `number` of a GENERIC_RETURN.
    ///   - wait: What headers or body say of waiting.
    init(status: Int, code: String?, wait: Duration?) {
        if let verdict = code.flatMap({ Self.byCode($0, wait: wait) }) {
            self = verdict
            return
        }
        self =
            switch status {
            case 409, 429: .limited(wait: wait)
            // 202: the same operation is under way.
            case 202, 408, 500...: .passing(.unavailable)
            // An error without a code that comes as a success: a page of a proxy or of maintenance.
            case 200..<300: code == nil ? .passing(.unreadable) : .final(.refused)
            case 401: .final(.signIn)
            case 403: .final(.permission)
            case 404: .final(.notFound)
            default: .final(.refused)
            }
    }

    private static func byCode(_ code: String, wait: Duration?) -> AnswerVerdict? {
        switch code {
        case "LIMIT_EXCEEDED", "BLOCKED", "1920", "1960", "1965": .limited(wait: wait)
        case "IN_MAINTENANCE", "OTHER_ERROR", "999", "1999", "2014": .passing(.unavailable)
        case "INVALID_CREDENTIALS": .final(.signIn)
        case "UNAUTHORIZED", "INSUFFICIENT_PERMISSION", "EVALUATION_EXPIRED": .final(.permission)
        case "OBJECT_NOT_FOUND", "NOT_FOUND": .final(.notFound)
        case "INVALID_REQUEST", "INVALID_XML", "INVALID_URL", "INVALID_API_VERSION", "OPERATION_NOT_SUPPORTED":
            .final(.refused)
        default:
            switch Int(code) {
            case .some(2000..<2100): .final(.signIn)
            case .some: .final(.refused)
            // Of a gateway or a proxy perhaps, whose status says more: 503 with `"status": "DOWN"`.
            case nil: nil
            }
        }
    }
}
