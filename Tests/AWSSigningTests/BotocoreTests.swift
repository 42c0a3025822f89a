import AWSSigning
import Foundation
import Hashing
import Support
import Testing

/// The signer against that of AWS's own Python SDK, on random requests.
@Suite(.timeLimit(.minutes(2))) struct BotocoreTests {
    @Test(arguments: [2026, 11, 21])
    func `A random request has botocore's signature`(seed: Int) throws {
        let vectors = try BotocoreVector.made(seed: seed, count: 1000)
        #expect(vectors.count == 1000)
        let others = try vectors.filter { try $0.ourAuthorization != $0.authorization }
        #expect(others.isEmpty, "\(others.count) of \(vectors.count) differ")
        for vector in others.prefix(3) {
            Issue.record(
                """
                ours:     \(try vector.ourAuthorization)
                botocore: \(vector.authorization)
                request:  \(vector.method) \(vector.path) ? \(vector.query) \(vector.headers)
                botocore's canonical request:
                \(vector.canonical_request)
                """
            )
        }
    }
}

/// A line of `botocore_vectors.py`.
private struct BotocoreVector: Decodable {
    var method: String
    var path: String
    var query: String
    var headers: [[String]]

    /// In base64; nil for `UNSIGNED-PAYLOAD`.
    var payload: String?
    var service: String
    var region: String
    var time: String
    var access_key_id: String
    var secret_access_key: String
    var session_token: String?
    var canonical_request: String
    var authorization: String

    var ourAuthorization: String {
        get throws {
            let signer = Signer(
                credentials: AWSCredentials(
                    accessKeyID: access_key_id,
                    secretAccessKey: Redacted(secret_access_key),
                    sessionToken: session_token.map(Redacted.init)
                ),
                region: region,
                service: service
            )
            let body = try payload.map { try #require(Data(base64Encoded: $0)) }
            let request = RequestToSign(
                method: method,
                path: path,
                query: query,
                headers: headers.map { (name: $0[0], value: $0[1]) },
                payloadHash: body.map { hexText(SHA256.digest($0)) } ?? "UNSIGNED-PAYLOAD"
            )
            let moment = try #require(Timestamp(iso8601: time))
            return try #require(signer.headers(for: request, at: moment).last { $0.name == "Authorization" }).value
        }
    }

    static func made(seed: Int, count: Int) throws -> [BotocoreVector] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let root = folder.deletingLastPathComponent().deletingLastPathComponent()
        let python =
            ProcessInfo.processInfo.environment["PROJECT_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
            ?? root.appendingPathComponent(".venv/bin/python").path
        let script = folder.appendingPathComponent("botocore_vectors.py").path

        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script, String(seed), String(count)]
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw NoBotocore(description: "There is no Python at \(python). Run `make test`, or set PROJECT_PYTHON.")
        }
        let lines = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw NoBotocore(
                description: "\(script) ended with status \(process.terminationStatus): has \(python) botocore?"
            )
        }
        return try lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(BotocoreVector.self, from: Data($0))
        }
    }
}

private struct NoBotocore: Error, CustomStringConvertible {
    let description: String
}
