import AWSClients
import FunctionScan
import LambdaRuntime
import Support

extension ScannerIdentity {
    /// Who we are, by the ARN under which Lambda called us.
    init(_ invocation: Invocation, functionName: String?) throws(EventError) {
        guard let own = FunctionARN(invocation.functionARN) else {
            throw .malformed("The Runtime API gave no proper function ARN: \(quoted(invocation.functionARN))")
        }
        self.init(account: own.account, region: own.region, functionName: functionName ?? own.name)
    }
}
