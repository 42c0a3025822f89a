import Support

/// The ARN of a Lambda function, in its parts; the text forms are
/// `arn:(partition):lambda:(region):(account):function:(name)[:(version or alias)]`.
///
/// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
package struct FunctionARN: Sendable, Hashable {
    package let partition: String
    package let region: String
    package let account: String
    package let name: String

    /// Each part is held against its pattern: what is in a value of this type can stand in a path, a tag or a command
    /// line. Nil when one does not fit.
    package init?(partition: String, region: String, account: String, name: String) {
        guard AWSPartition(rawValue: partition) != nil, Self.isRegion(region), Self.isAccount(account),
            Self.isName(name)
        else { return nil }
        self.partition = partition
        self.region = region
        self.account = account
        self.name = name
    }

    /// Reads an ARN. A version or an alias is checked and left out: code and tags belong to the function, and a change
    /// is always one of its latest version.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 8, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 7 || (parts.count == 8 && Self.isQualifier(parts[7])),
            parts[0] == "arn", parts[2] == "lambda", parts[5] == "function"
        else { return nil }
        self.init(partition: parts[1], region: parts[3], account: parts[4], name: parts[6])
    }

    /// Reads what a caller of Lambda may give as `FunctionName`: a name, a partial ARN (`account:function:name`) or an
    /// ARN, each with or without a version or an alias.
    ///
    /// - Parameters:
    ///   - region: Where the call was made.
    ///   - account: Whose function it is when the text does not say.
    package init?(functionName text: String, region: String, account: String) {
        if text.hasPrefix("arn:") {
            self.init(text)
            return
        }
        var parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        var owner = account
        if parts.count >= 3, parts[1] == "function" {
            owner = parts[0]
            parts.removeFirst(2)
        } else if parts.count >= 2, parts[0] == "function" {
            parts.removeFirst()
        }
        guard parts.count == 1 || (parts.count == 2 && Self.isQualifier(parts[1])) else { return nil }
        let partition = AWSPartition(region: region).rawValue
        self.init(partition: partition, region: region, account: owner, name: parts[0])
    }

    private static func isRegion(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isLowercaseLetter || $0.isDigit || $0 == .dash }
    }

    private static func isAccount(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy(\.isDigit)
    }

    private static func isName(_ text: String) -> Bool {
        // A name may begin with a dash as far as AWS goes, but would read as an option on a command line.
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(\.isNameByte) && text.utf8.first != .dash
    }

    private static func isQualifier(_ text: String) -> Bool {
        // The second is that of functions on managed instances.
        ["$LATEST", "$LATEST.PUBLISHED"].contains(text)
            || ((1...128).contains(text.utf8.count) && text.utf8.allSatisfy(\.isNameByte))
    }
}

extension FunctionARN: CustomStringConvertible {
    package var description: String { "arn:\(partition):lambda:\(region):\(account):function:\(name)" }
}

extension UInt8 {
    fileprivate static let dash = UInt8(ascii: "-")
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLowercaseLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isUppercaseLetter: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    fileprivate var isNameByte: Bool {
        isDigit || isLowercaseLetter || isUppercaseLetter || self == .dash || self == UInt8(ascii: "_")
    }
}
