package import HTTPTransport
import Support
import Synchronization

/// An HTTP client that answers from a closure, as the transport would, and remembers what it was asked.
package final class FakeHTTP: Sendable {
    /// - Parameter number: Of the request, from 1.
    package typealias Answer = @Sendable (_ request: HTTPRequest, _ number: Int) throws(HTTPError) -> HTTPResponse

    private let sent = Mutex<[HTTPRequest]>([])
    private let answer: Answer

    package init(_ answer: @escaping Answer) {
        self.answer = answer
    }

    /// Gives these answers in turn, and the last of them for ever.
    package convenience init(_ answers: [Result<HTTPResponse, HTTPError>]) {
        self.init { (_: HTTPRequest, number: Int) throws(HTTPError) in
            try answers[min(number, answers.count) - 1].get()
        }
    }

    /// What it answers, for a fake that answers otherwise now and then.
    package func answered(_ request: HTTPRequest, _ number: Int) throws(HTTPError) -> HTTPResponse {
        try answer(request, number)
    }

    package var requests: [HTTPRequest] { sent.withLock { $0 } }

    package var client: HTTPClient {
        HTTPClient { [self] (request: HTTPRequest, sink: HTTPBodySink) async throws(HTTPError) in
            let number = sent.withLock { sent in
                sent.append(request)
                return sent.count
            }
            // Whatever comes of it, the reader of the body hears of its end.
            defer { if case .channel(let channel) = sink { channel.finish(isWhole: false) } }
            if Task.isCancelled { throw .fake(.cancelled) }
            let response = try answer(request, number)
            request.onHead?(HTTPResponse(status: response.status, headers: response.headers))
            return try await deliver(response, sink)
        }
    }

    /// Does with the body of a success what the sink says.
    private func deliver(_ response: HTTPResponse, _ sink: HTTPBodySink) async throws(HTTPError) -> HTTPResponse {
        guard response.isSuccess else { return response }
        var response = response
        switch sink {
        case .collect(let limit):
            if response.body.count > limit { throw .fake(.tooLarge) }
        case .stream(let take):
            var rest = response.body[...]
            while !rest.isEmpty {
                do {
                    try rest.prefix(65536).withUnsafeBytes(take)
                } catch {
                    throw .fake(.sink)
                }
                rest = rest.dropFirst(65536)
            }
            response.body = []
        case .channel(let channel):
            var rest = response.body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(16384)
                var isTaken = false
                do {
                    isTaken = try piece.withUnsafeBytes { try channel.offer($0, resume: {}) }
                } catch {
                    throw .fake(.sink)
                }
                if isTaken { rest = rest.dropFirst(piece.count) } else { await Task.yield() }
            }
            channel.finish(isWhole: true)
            response.body = []
        case .file:
            throw .fake(.other)
        }
        return response
    }
}

extension HTTPError {
    package static func fake(_ reason: Reason) -> HTTPError {
        HTTPError(reason, origin: "https://fake.example", detail: "a fake")
    }
}

extension HTTPResponse {
    package init(_ status: Int, _ text: String, headers: HTTPHeaders = [:]) {
        self.init(status: status, headers: headers, body: Array(text.utf8))
    }
}

extension Result where Success == HTTPResponse, Failure == HTTPError {
    package static func answer(_ status: Int, _ text: String = "", headers: HTTPHeaders = [:]) -> Self {
        .success(HTTPResponse(status, text, headers: headers))
    }

    package static func failed(_ reason: HTTPError.Reason) -> Self {
        .failure(.fake(reason))
    }
}

extension HTTPRequest {
    /// The body of a request whose body is in memory.
    package var bodyBytes: [UInt8] {
        if case .bytes(let bytes) = body { bytes } else { [] }
    }

    package var bodyText: String { String(decoding: bodyBytes, as: UTF8.self) }
}
