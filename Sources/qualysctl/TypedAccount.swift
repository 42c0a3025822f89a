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
            throw ValidationError("Give the account: -u or QUALYS_USERNAME, or QUALYS_SECRET_ARN for the secret's.")
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

/// Asks at the terminal; nil when there is none. `c_cc.0` is VINTR, `c_cc.11` VEOL (asm-generic/termbits.h).
private func ask(_ question: String, isSecret: Bool) throws -> String? {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else { return nil }
    let interrupt = before.c_cc.0
    if isSecret {
        // Ctrl-C is a letter that ends the line: the process must not end while the terminal shows nothing.
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO | ISIG)
        quiet.c_cc.11 = interrupt
        _ = tcsetattr(terminal, TCSAFLUSH, &quiet)
    }
    _ = question.withCString { write(terminal, $0, strlen($0)) }
    var typed: [UInt8] = []
    var byte: UInt8 = 0
    while typed.count < 1024, read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
        typed.append(byte)
        if isSecret, byte == interrupt { break }
    }
    if isSecret {
        _ = tcsetattr(terminal, TCSAFLUSH, &before)
        write(terminal, "\n", 1)
        if typed.last == interrupt {
            signal(SIGINT, SIG_DFL)
            kill(getpid(), SIGINT)
            while true { pause() }
        }
    }
    return typed.isEmpty ? nil : String(decoding: typed, as: UTF8.self)
}
