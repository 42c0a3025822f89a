package import AWSClients
import Support

/// Who is scanning: what is needed to tell our own function and account from others.
package struct ScannerIdentity: Sendable, Equatable {
    package var account: String
    package var region: String

    /// Nil at a person's shell.
    package var functionName: String?

    package init(account: String, region: String, functionName: String?) {
        self.account = account
        self.region = region
        self.functionName = functionName
    }
}

/// What to do about a change.
package enum ScanDecision: Sendable, Equatable {
    case skip(reason: String)
    case scan(FunctionARN, access: Access)

    /// As whom the function is read, scanned and tagged.
    package enum Access: Sendable, Equatable {
        case own
        case role(arn: String)
    }

    /// - Parameter crossAccountRoleName: The role to assume for a function of another account; nil when there is none.
    package init(
        _ change: FunctionChange,
        identity: ScannerIdentity,
        crossAccountRoleName: String?
    ) throws(EventError) {
        guard let function = change.function else {
            self = .skip(reason: "The call failed (\(quoted(change.errorCode ?? ""))): nothing changed.")
            return
        }
        // A namesake in another region or account is not us.
        if function.name == identity.functionName, function.account == identity.account,
            function.region == identity.region
        {
            self = .skip(reason: "This is the scanner itself.")
            return
        }
        if function.account == identity.account {
            self = .scan(function, access: .own)
            return
        }
        guard let roleName = crossAccountRoleName else {
            throw EventError(
                label: "Event.ForeignAccount",
                description:
                    "\(function) is in another account than the scanner, and CROSS_ACCOUNT_ROLE_NAME is not set."
            )
        }
        let role = "arn:\(function.partition):iam::\(function.account):role/\(roleName)"
        self = .scan(function, access: .role(arn: role))
    }
}
