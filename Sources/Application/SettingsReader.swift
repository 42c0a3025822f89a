import Logging
import Support

/// Reads settings one by one and gathers what is wrong with them.
struct SettingsReader {
    private let environment: [String: String]
    private(set) var faults: [SettingsError.Fault] = []

    init(environment: [String: String]) {
        self.environment = environment
    }

    /// The text, or nil when it is unset or wrong.
    mutating func text(_ name: String, _ rule: SettingRule) -> String? {
        guard let value = value(name) else { return nil }
        guard rule.accepts(value) else {
            fault(name, "must be \(rule.expected)")
            return nil
        }
        return value
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = value(name) else { return nil }
        guard value.utf8.allSatisfy(\.isDigit), let number = Int(value), range.contains(number) else {
            fault(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func truth(_ name: String) -> Bool? {
        guard let value = value(name) else { return nil }
        switch value.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default:
            fault(name, "must be true or false")
            return nil
        }
    }

    /// swift-log's names, and those of Lambda and Python.
    mutating func level(_ name: String) -> Logger.Level? {
        guard let value = value(name)?.lowercased() else { return nil }
        switch value {
        case "warn": return .warning
        case "fatal": return .critical
        default:
            if let level = Logger.Level(rawValue: value) { return level }
            fault(name, "must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
    }

    /// Notes that a setting is needed.
    mutating func missing(_ name: String) {
        fault(name, "is not set")
    }

    func isFaulty(_ name: String) -> Bool {
        faults.contains { $0.name == name }
    }

    private func value(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func fault(_ name: String, _ expected: String) {
        faults.append(SettingsError.Fault(name: name, expected: expected))
    }
}

/// What a text must look like.
struct SettingRule: Sendable {
    /// Ends the sentence "must be ...".
    let expected: String
    let accepts: @Sendable (String) -> Bool

    static let region = SettingRule(expected: "the name of a region such as us-east-1") { value in
        (1...32).contains(value.utf8.count) && value.utf8.allSatisfy { $0.isLowercase || $0.isDigit || $0 == .dash }
    }

    static let secretARN = arn("secretsmanager", "the ARN of a Secrets Manager secret")

    static let topicARN = arn("sns", "the ARN of an SNS topic")

    static let absolutePath = SettingRule(expected: "an absolute path") { value in
        value.hasPrefix("/") && value.utf8.count < 4096 && isPlain(value)
    }

    static let scanTypes = SettingRule(expected: "scan types such as pkg,secret") { value in
        let types = value.split(separator: ",", omittingEmptySubsequences: false)
        return types.allSatisfy { type in
            (1...32).contains(type.utf8.count) && type.utf8.allSatisfy { $0.isLowercase || $0.isDigit || $0 == .dash }
                && type.utf8.first != .dash
        }
    }

    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    static let bucket = SettingRule(expected: "the name of an S3 bucket") { value in
        (3...63).contains(value.utf8.count)
            && value.utf8.allSatisfy { $0.isLowercase || $0.isDigit || $0 == .dash || $0 == UInt8(ascii: ".") }
            && !value.contains(text: "..")
    }

    static let table = SettingRule(expected: "the name of a DynamoDB table") { value in
        (3...255).contains(value.utf8.count) && value.utf8.allSatisfy { $0.isWord || "-.".utf8.contains($0) }
    }

    /// https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html, with its path.
    static let roleName = SettingRule(expected: "the name of an IAM role, its path before it if it has one") { value in
        (1...512).contains(value.utf8.count) && !value.hasPrefix("/")
            && value.utf8.allSatisfy { $0.isWord || "+=,.@-/".utf8.contains($0) }
    }

    /// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    static let externalID = SettingRule(expected: "an external id of 2 to 1224 characters") { value in
        (2...1224).contains(value.utf8.count)
            && value.utf8.allSatisfy { $0.isWord || "+=,.@:/-".utf8.contains($0) }
    }

    /// Credentials travel there: https, or http on this machine for tests.
    static let url = SettingRule(expected: "an https address") { value in
        let isLocal = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { host in
            value == host || value.hasPrefix(host + ":") || value.hasPrefix(host + "/")
        }
        return (value.hasPrefix("https://") || isLocal) && isPlain(value) && !value.contains("@")
            && !value.contains("?")
    }

    static let keyPrefix = SettingRule(expected: "a prefix of object keys, at most 512 bytes") { value in
        value.utf8.count <= 512 && value.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    private static func arn(_ service: String, _ expected: String) -> SettingRule {
        SettingRule(expected: expected) { value in
            let parts = value.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
            return parts.count == 6 && parts[0] == "arn" && parts[1].hasPrefix("aws") && parts[2] == service
                && !parts[3].isEmpty && parts[4].utf8.count == 12 && parts[4].utf8.allSatisfy(\.isDigit)
                && !parts[5].isEmpty && isPlain(value) && value.utf8.count <= 2048
        }
    }

    private static func isPlain(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

extension UInt8 {
    fileprivate static let dash = UInt8(ascii: "-")
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLowercase: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isWord: Bool {
        isDigit || isLowercase || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) || self == UInt8(ascii: "_")
    }
}
