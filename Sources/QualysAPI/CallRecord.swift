import HTTPTransport
import Support
import Synchronization

/// One request to Qualys and what came of it: a line of a log that an auditor can use.
package struct CallRecord: Sendable {
    /// From 1, in the order in which requests were sent.
    package let number: Int
    package let call: QualysCall

    /// Of HTTP; 0 when no answer came.
    package let status: Int
    package let seconds: Double

    /// Of the body: as it was sent where it is stored so, else unpacked; of a failed answer at most what was kept.
    package let bytes: Int64

    /// Nil for a proper answer.
    package let error: QualysError?

    /// What was asked for, without lists of ids or addresses, which fill pages: how many there were instead.
    package var parameters: String {
        var fields = call.query
        switch call.body {
        case .none: break
        case .form(let form): fields += form
        case .json(let bytes), .xml(let bytes): fields.append((name: "body", value: Self.withoutLists(bytes)))
        }
        return fields.map { field in
            guard ["ids", "ips", "ipv6"].contains(field.name) else { return "\(field.name)=\(field.value)" }
            return "\(field.name)=(\(field.value.utf8.count { $0 == UInt8(ascii: ",") } + 1) parts)"
        }
        .joined(separator: "&")
    }

    /// A body as it was sent, but for lists of numbers that are not short.
    private static func withoutLists(_ body: [UInt8]) -> String {
        var shown: [UInt8] = []
        var rest = body[...]
        while let first = rest.first {
            let run = rest.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ",") }
            let commas = run.count { $0 == UInt8(ascii: ",") }
            shown += commas > 3 ? Array("(\(commas + 1) parts)".utf8) : run.isEmpty ? [first] : Array(run)
            rest = rest.dropFirst(max(1, run.count))
        }
        return String(decoding: shown, as: UTF8.self)
    }
}

/// Numbers the requests of a client and hands on what came of them.
final class CallObserver: Sendable {
    private let number = Atomic(0)
    let note: @Sendable (CallRecord) -> Void

    init(_ note: @escaping @Sendable (CallRecord) -> Void) {
        self.note = note
    }

    func nextNumber() -> Int { number.add(1, ordering: .relaxed).newValue }
}

extension QualysClient {
    /// The same client, which tells of every request.
    package func observed(by note: @escaping @Sendable (CallRecord) -> Void) -> QualysClient {
        var client = self
        client.observer = CallObserver(note)
        return client
    }
}

/// Counts what passes into a sink.
final class CountedSink: Sendable {
    let sink: HTTPBodySink
    private let streamed: StreamCount?

    init(_ sink: HTTPBodySink) {
        guard case .stream(let take) = sink else {
            self.sink = sink
            streamed = nil
            return
        }
        let count = StreamCount()
        streamed = count
        self.sink = .stream { piece in
            count.bytes.add(Int64(piece.count), ordering: .relaxed)
            try take(piece)
        }
    }

    func byteCount(_ response: HTTPResponse?) -> Int64 {
        if case .channel(let channel) = sink, channel.byteCount > 0 { return channel.byteCount }
        return (streamed?.bytes.load(ordering: .relaxed) ?? 0) + Int64(response?.body.count ?? 0)
    }

    private final class StreamCount: Sendable {
        let bytes = Atomic<Int64>(0)
    }
}
