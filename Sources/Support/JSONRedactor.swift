/// Copies a JSON text chunk by chunk, without its secrets, and checks it on the way.
///
/// Two things are taken out: the values of members with certain names, and certain texts wherever they stand in a
/// string, however they are escaped and wherever the chunks are cut. What comes out is JSON when what went in was:
/// the grammar is that of RFC 8259, with one value, nothing after it, and at most 512 levels. UTF-8 is not checked.
///
/// Memory does not grow with the text: what is kept between chunks is a beginning of a secret.
///
///     var redactor = JSONRedactor(rules)
///     for chunk in file { try redactor.push(chunk, into: &output) }
///     try redactor.finish()
package struct JSONRedactor: Sendable {
    package struct Rules: Sendable, Hashable {
        /// What stands in the place of a member's value, as JSON text, by the member's name in lower case. Names are
        /// compared without regard to the case of ASCII letters, in full; those over 64 bytes never match.
        package var replacements: [String: String]

        /// Texts that become `[redacted]`. Those under 6 bytes would tear harmless text apart and are left out.
        package var secrets: [Redacted]

        package init(replacements: [String: String] = [:], secrets: [Redacted] = []) {
            self.replacements = replacements
            self.secrets = secrets
        }
    }

    package enum Fault: Failure, Equatable {
        /// The text ended before its value did.
        case truncated
        /// The byte at this offset, counted from 0, cannot stand there.
        case invalid(offset: Int)
        /// Objects and arrays are nested more than 512 deep.
        case tooDeep

        package var label: String {
            switch self {
            case .truncated: "JSON.Truncated"
            case .invalid: "JSON.Invalid"
            case .tooDeep: "JSON.TooDeep"
            }
        }

        package var description: String {
            switch self {
            case .truncated: "The JSON text ends before its value does."
            case .invalid(let offset): "The text is not JSON: byte \(offset) cannot stand there."
            case .tooDeep: "The JSON text is nested more than \(JSONRedactor.depthCeiling) deep."
            }
        }
    }

    static let depthCeiling = 512
    static let shortestSecret = 6

    // Where we are in the grammar.
    var expected = Expected.value
    var containers: [Container] = []
    /// The last of them.
    var container: Container?
    /// The number that is read.
    var number = JSONNumber()
    /// The rest of `true`, `false` or `null`, the next byte lowest.
    var literal: UInt32 = 0
    var fault: Fault?

    // Where we are in the bytes. Offsets count from the beginning of the text.
    /// The offset of the chunk that is worked on.
    var base = 0
    /// Everything before this offset is in the output or was left out.
    var settled = 0
    /// The bytes from `settled` to `base`: they wait for what follows them.
    var waiting: [UInt8] = []

    // The value that is left out.
    let replacements: MemberReplacements
    /// What stands in the place of the value that comes next.
    var replacement: [UInt8]?
    /// The number of containers around the value that is left out.
    var hiddenAt: Int?

    // The string that is read.
    let automaton: SecretAutomaton
    var string = StringProgress()

    package init(_ rules: Rules) {
        replacements = MemberReplacements(rules.replacements)
        let secrets = Set(rules.secrets.map(\.exposed)).map { Array($0.utf8) }
        automaton = SecretAutomaton(secrets.filter { $0.count >= JSONRedactor.shortestSecret })
    }

    /// Takes the next bytes of the text and appends what is certain by now to `output`.
    ///
    /// After a fault every call fails with it again.
    package mutating func push(_ chunk: UnsafeRawBufferPointer, into output: inout [UInt8]) throws(Fault) {
        if let fault { throw fault }
        do throws(Fault) {
            try read(chunk, into: &output)
        } catch {
            fault = error
            throw error
        }
        settle(upTo: certain(in: chunk), chunk, &output)
        waiting.removeFirst(min(waiting.count, waiting.count - (base - settled)))
        waiting.append(contentsOf: chunk[max(0, settled - base)...])
        base += chunk.count
    }

    /// Takes the next bytes of the text and appends what is certain by now to `output`.
    package mutating func push(_ chunk: [UInt8], into output: inout [UInt8]) throws(Fault) {
        let result = chunk.withUnsafeBytes { bytes in
            Result { () throws(Fault) in try push(bytes, into: &output) }
        }
        try result.get()
    }

    /// Has to be called at the end of the text: fails when it is not complete.
    package mutating func finish() throws(Fault) {
        if let fault { throw fault }
        if expected == .number, number.isComplete, containers.isEmpty { return }
        guard expected == .nothing else { throw .truncated }
    }
}

extension JSONRedactor {
    /// The offset before which nothing can change any more.
    private mutating func certain(in chunk: UnsafeRawBufferPointer) -> Int {
        let end = base + chunk.count
        guard expected == .string, hiddenAt == nil, automaton.longest > 0 else { return end }
        return string.beginning(ofLast: automaton.depth(of: string.state), before: string.escapeStart ?? end)
    }

    /// Copies everything up to `offset` that is not settled, without the secrets found in it.
    mutating func settle(upTo offset: Int, _ chunk: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        guard hiddenAt == nil else {
            settled = offset
            return
        }
        while let secret = string.found.first, secret.lowerBound < offset {
            // What touches the last one belongs to it: it is shown as one.
            if secret.lowerBound > string.lastRedactionEnd {
                copy(upTo: secret.lowerBound, chunk, &output)
                output.append(contentsOf: Redacted.text.utf8)
            }
            settled = min(secret.upperBound, offset)
            string.lastRedactionEnd = settled
            string.found.removeFirst()
            if secret.upperBound > offset {
                string.found.insert(offset..<secret.upperBound, at: 0)
                return
            }
        }
        copy(upTo: offset, chunk, &output)
    }

    private mutating func copy(upTo offset: Int, _ chunk: UnsafeRawBufferPointer, _ output: inout [UInt8]) {
        if settled < base {
            let first = waiting.count - (base - settled)
            let count = min(offset, base) - settled
            output.append(contentsOf: waiting[first..<(first + count)])
            settled += count
        }
        if settled < offset {
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[(settled - base)..<(offset - base)]))
            settled = offset
        }
    }
}

/// Replacements by the name of the member.
struct MemberReplacements: Sendable {
    /// Names longer than this, in bytes, are not looked for.
    static let longestName = 64

    private let texts: [[UInt8]: [UInt8]]
    /// The bit of every length that a name has: most members are told apart by their length.
    private let lengths: UInt64

    init(_ replacements: [String: String]) {
        var texts: [[UInt8]: [UInt8]] = [:]
        for (name, text) in replacements where (1...MemberReplacements.longestName).contains(name.utf8.count) {
            texts[name.utf8.map(lowerCased)] = Array(text.utf8)
        }
        self.texts = texts
        lengths = texts.keys.reduce(0) { $0 | 1 << UInt64($1.count - 1) }
    }

    var isEmpty: Bool { texts.isEmpty }

    /// - Parameter name: The member's name without its escapes.
    func callAsFunction(_ name: some Collection<UInt8>) -> [UInt8]? {
        guard (1...MemberReplacements.longestName).contains(name.count), lengths & 1 << UInt64(name.count - 1) != 0
        else { return nil }
        return texts[name.map(lowerCased)]
    }
}

private func lowerCased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
}
