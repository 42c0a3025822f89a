import ArgumentParser
import FoundationEssentials
import Glibc
import QualysAPI
import Support

extension QualysAccount {
    /// An account of the command line: what is not there comes from the environment, and a password is asked for.
    init(server: String?, username: String?, password: String?) throws {
        let environment = ProcessInfo.processInfo.environment
        func value(_ given: String?, _ name: String) -> String? {
            (given ?? environment[name]).flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let username = try value(username, "QUALYS_USERNAME") ?? ask("Qualys user name: ", isSecret: false) else {
            throw ValidationError("Give the account: -u, or QUALYS_USERNAME.")
        }
        if password != nil {
            printError(
                "qualysctl: warning: a password on the command line can be seen by others and stays in the shell's history;"
                    + " use QUALYS_PASSWORD, or leave -p out and type it"
            )
        }
        guard let password = try value(password, "QUALYS_PASSWORD") ?? ask("Password of \(username): ", isSecret: true)
        else {
            throw ValidationError("Give the password: QUALYS_PASSWORD, or type it at a terminal.")
        }
        let pod = environment["QUALYS_POD"].flatMap { $0.isEmpty ? nil : $0 } ?? "US1"
        guard let platform = QualysPlatform(pod: pod) else {
            throw ValidationError("QUALYS_POD is none of \(QualysPlatform.names.joined(separator: ", ")).")
        }
        var api = value(server, "QUALYS_API_URL") ?? platform.apiURL
        if !api.hasPrefix("https://"), !api.hasPrefix("http://") { api = "https://" + api }
        while api.hasSuffix("/") { api.removeLast() }
        self.init(
            username: Redacted(username),
            password: Redacted(password),
            apiURL: api,
            gatewayURL: value(nil, "QUALYS_GATEWAY_URL") ?? platform.gatewayURL
        )
    }
}

/// Asks at the terminal; nil when there is none.
private func ask(_ question: String, isSecret: Bool) throws -> String? {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else { return nil }
    var quiet = before
    if isSecret { quiet.c_lflag &= ~tcflag_t(ECHO) }
    _ = tcsetattr(terminal, TCSAFLUSH, &quiet)
    defer {
        _ = tcsetattr(terminal, TCSAFLUSH, &before)
        if isSecret { write(terminal, "\n", 1) }
    }
    _ = question.withCString { write(terminal, $0, strlen($0)) }
    var typed: [UInt8] = []
    var byte: UInt8 = 0
    while typed.count < 1024, read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") { typed.append(byte) }
    return typed.isEmpty ? nil : String(decoding: typed, as: UTF8.self)
}

/// The words of the command line, with what the script's users wrote made fit for a strict parser; and the password taken
/// out of the list of processes, which shows a program's words from where it got them.
func takeArguments() -> [String] {
    var words = Array(CommandLine.arguments.dropFirst())
    if words.first == CARImportCommand.configuration.commandName { hideWords(after: CARImportCommand.secretFlags) }
    guard words.first == "host-detections" else { return words }
    hidePassword()
    // `-P True`: the script took a word there.
    if let place = words.firstIndex(of: "-P"), place + 1 < words.count {
        switch words[place + 1].lowercased() {
        case "true", "yes", "1": words.remove(at: place + 1)
        case "false", "no", "0", "none": words.removeSubrange(place...place + 1)
        default: break
        }
    }
    return words
}

/// Overwrites the word after `-p`, or what stands in one word with it, where the system keeps it.
private func hidePassword() {
    var isNext = false
    for index in 1..<max(1, Int(CommandLine.argc)) {
        guard let word = CommandLine.unsafeArgv[index] else { continue }
        let isJoined = !isNext && word[0] == 0x2D && word[1] == 0x70 && word[2] != 0
        if isNext { memset(word, 0x78, strlen(word)) }
        if isJoined { memset(word + 2, 0x78, strlen(word + 2)) }
        isNext = !isNext && strcmp(word, "-p") == 0
    }
}

/// Overwrites the words after some flags, or what stands after an equals sign behind them, where the system keeps it.
private func hideWords(after flags: [String]) {
    var isNext = false
    for index in 1..<max(1, Int(CommandLine.argc)) {
        guard let word = CommandLine.unsafeArgv[index] else { continue }
        if isNext {
            memset(word, 0x78, strlen(word))
            isNext = false
            continue
        }
        let text = String(cString: word)
        isNext = flags.contains(text)
        for flag in flags where text.hasPrefix(flag + "=") {
            memset(word + flag.utf8.count + 1, 0x78, strlen(word) - flag.utf8.count - 1)
        }
    }
}
