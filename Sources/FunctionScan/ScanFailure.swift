package import AWSClients
import Support

/// A scan that failed: the error, with the function it was about.
package struct ScanFailure: Failure {
    package let function: FunctionARN
    package let underlying: any Error

    package var label: String { describe(underlying).label }

    package var description: String { "\(function): \(describe(underlying).description)" }
}
