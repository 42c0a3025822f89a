import AWSSigning
import Files
import Glibc
import Support

/// The shared files `~/.aws/credentials` and `~/.aws/config`.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
struct ProfileFiles: Sendable {
    /// What a profile says, the credentials file before the config file.
    private let profiles: [String: [String: String]]
    let selected: String

    /// Reads `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` and `HOME`.
    init(environment: [String: String]) {
        func setting(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = setting("HOME") ?? ""
        let config = readSmallFile(setting("AWS_CONFIG_FILE") ?? "\(home)/.aws/config") ?? ""
        let credentials = readSmallFile(setting("AWS_SHARED_CREDENTIALS_FILE") ?? "\(home)/.aws/credentials") ?? ""
        self.init(credentials: credentials, config: config, selected: setting("AWS_PROFILE") ?? "default")
    }

    init(credentials: String, config: String, selected: String) {
        var profiles: [String: [String: String]] = [:]
        for (section, members) in Self.sections(of: config) {
            // In the config file all but the default profile are headed `[profile name]`.
            let name = section.hasPrefix("profile ") ? String(section.dropFirst(8).drop { $0 == " " }) : section
            guard section == "default" || section.hasPrefix("profile ") else { continue }
            profiles[name, default: [:]].merge(members) { _, new in new }
        }
        for (name, members) in Self.sections(of: credentials) {
            profiles[name, default: [:]].merge(members) { _, new in new }
        }
        self.profiles = profiles
        self.selected = selected
    }

    /// The region of the selected profile.
    var region: String? { profiles[selected]?["region"] }

    /// What a profile's credentials are made of.
    enum Entry: Sendable, Equatable {
        case keys(AWSCredentials)
        case role(arn: String, externalID: String?, source: String)
    }

    /// Nil when there is no such profile, or it has neither keys nor a role.
    func entry(_ name: String) -> Entry? {
        guard let profile = profiles[name] else { return nil }
        if let role = profile["role_arn"], let source = profile["source_profile"] {
            return .role(arn: role, externalID: profile["external_id"], source: source)
        }
        guard let id = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] else { return nil }
        return .keys(
            AWSCredentials(
                accessKeyID: id,
                secretAccessKey: Redacted(secret),
                sessionToken: profile["aws_session_token"].map(Redacted.init)
            )
        )
    }

    /// `[section]` lines and `name = value` lines; `#` and `;` begin comments; indented lines belong to a nested
    /// setting, none of which matters here.
    private static func sections(of text: String) -> [(name: String, members: [String: String])] {
        var sections: [(name: String, members: [String: String])] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";", first != " ", first != "\t" else { continue }
            if first == "[" {
                sections.append((name: trimmed(line.dropFirst().prefix { $0 != "]" }), members: [:]))
            } else if !sections.isEmpty, let equals = line.firstIndex(of: "=") {
                let name = trimmed(line[..<equals]).lowercased()
                sections[sections.count - 1].members[name] = trimmed(line[line.index(after: equals)...])
            }
        }
        return sections
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}

/// The text of a file of at most 1 MB; nil when it cannot be read, is no file, or is larger.
func readSmallFile(_ path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20,
        let bytes = try? contents(ofFile: path, limit: 1 << 20)
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
}

/// The region of the selected profile, for where the environment names none.
package func profileRegion(environment: [String: String]) -> String? {
    ProfileFiles(environment: environment).region
}
