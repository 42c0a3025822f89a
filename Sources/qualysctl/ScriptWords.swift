import ArgumentParser
import Glibc

/// The words of `host-detections` taken apart as Python's optparse took the script's: `-d5`, `-Dp secret`, `-psecret`. A
/// strict parser refuses such words, and says what was in them.
struct ScriptWords {
    private static let flags = Set("iD".utf8)
    private static let valued = Set("acdpPsuvxz".utf8)

    /// For a strict parser: each option is a word, and each value another.
    private(set) var words: [String] = []

    /// Where passwords stand, those of proxies too: in which word, and after how many of its bytes.
    private(set) var passwords: [(word: Int, start: Int)] = []

    /// The option whose value is the next word.
    private var waiting: UInt8?

    init(_ given: [String]) {
        for (place, word) in given.enumerated() { take(word, at: place) }
        if waiting == UInt8(ascii: "P") { words.append("True") }
    }

    private mutating func take(_ word: String, at place: Int) {
        if let option = waiting {
            waiting = nil
            if option != UInt8(ascii: "P") || !word.hasPrefix("-") { return value(word, of: option, at: place, 0) }
            // Meant as a flag, which it never was.
            words.append("True")
        }
        guard word.hasPrefix("-"), !word.hasPrefix("--"), word != "-" else { return words.append(word) }
        for (index, option) in word.utf8.enumerated().dropFirst() {
            let start = index + 1
            words.append("-" + String(decoding: CollectionOfOne(option), as: UTF8.self))
            if Self.flags.contains(option) { continue }
            // What stands behind an option that there is not may be anything.
            guard Self.valued.contains(option) else { return }
            guard start < word.utf8.count else { return waiting = option }
            return value(String(decoding: word.utf8.dropFirst(start), as: UTF8.self), of: option, at: place, start)
        }
    }

    private mutating func value(_ text: String, of option: UInt8, at place: Int, _ start: Int) {
        words.append(text)
        // A proxy's account stands in its address, before an @.
        let isProxy = option == UInt8(ascii: "x") && text.contains("@")
        if isProxy || option == UInt8(ascii: "p") { passwords.append((place, start)) }
    }
}

/// The words of the command line, with what the script's users wrote made fit for a strict parser; and passwords taken
/// out of the list of processes, which shows a program's words from where it got them.
func takeArguments() -> [String] {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.first == CARImportCommand.configuration.commandName { hideWords(after: CARImportCommand.secretFlags) }
    guard let command = words.first, command == HostDetectionsCommand.configuration.commandName else { return words }
    let script = ScriptWords(Array(words.dropFirst()))
    // Before them stand the program and the command.
    for password in script.passwords { hideWord(password.word + 2, after: password.start) }
    return [command] + script.words
}

/// Overwrites the words after some flags, or what stands after an equals sign behind them, where the system keeps it.
private func hideWords(after flags: [String]) {
    var isNext = false
    for index in 1..<max(1, Int(CommandLine.argc)) {
        guard let word = CommandLine.unsafeArgv[index] else { continue }
        if isNext {
            hideWord(index, after: 0)
            isNext = false
            continue
        }
        let text = String(cString: word)
        isNext = flags.contains(text)
        for flag in flags where text.hasPrefix(flag + "=") { hideWord(index, after: flag.utf8.count + 1) }
    }
}

/// Overwrites what stands in a word after so many bytes.
private func hideWord(_ index: Int, after start: Int) {
    guard index < CommandLine.argc, let word = CommandLine.unsafeArgv[index], start < strlen(word) else { return }
    memset(word + start, 0x78, strlen(word) - start)
}
