/// An error that a machine and a person can both read.
///
/// Neither text ever holds a secret.
package protocol Failure: Error, CustomStringConvertible {
    /// A bounded name for metrics, alarms and Lambda's `errorType`, in the form `Category.Reason`.
    var label: String { get }

    /// A sentence that names the setting, the field or the call, and what was wrong with it.
    var description: String { get }
}

/// What to show of any error: its label and description when it is ours, else only the name of its type, because the
/// text of a stranger's error may hold anything.
package func describe(_ error: any Error) -> (label: String, description: String) {
    if let failure = error as? any Failure {
        return (failure.label, failure.description)
    }
    if error is CancellationError {
        return ("Task.Cancelled", "The work was cancelled.")
    }
    return ("Internal.\(type(of: error))", "An unexpected error of type \(type(of: error)).")
}
