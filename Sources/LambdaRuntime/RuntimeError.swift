import Support

/// The Runtime API did not do what it must; the process cannot go on.
package struct RuntimeError: Failure {
    package let label: String
    package let description: String

    static func unreachable(_ call: String, _ why: String) -> RuntimeError {
        RuntimeError(label: "Runtime.Unreachable", description: "The Runtime API call \(call) failed: \(why)")
    }

    static func refused(_ call: String, status: Int) -> RuntimeError {
        RuntimeError(
            label: "Runtime.Refused",
            description: "The Runtime API answered \(call) with HTTP \(status)."
        )
    }
}
