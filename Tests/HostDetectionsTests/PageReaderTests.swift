import Compression
import HTTPTransport
import Jobs
import QualysAPI
import TestSupport
import Testing

@testable import HostDetections

@Suite("An answer on its way to a file and to rows")
struct PageReaderTests {
    private let folder: TemporaryFolder
    private static let text = Array(
        """
        <HOST_LIST_VM_DETECTION_OUTPUT><RESPONSE><HOST_LIST><HOST><ID>5</ID><DETECTION_LIST><DETECTION><QID>7</QID>\
        <RESULTS>\(String(repeating: "all is well. ", count: 20_000))</RESULTS></DETECTION></DETECTION_LIST></HOST>\
        </HOST_LIST></RESPONSE></HOST_LIST_VM_DETECTION_OUTPUT>
        """.utf8
    )
    private static let packed = GzipWriter.compress(text, level: 9)

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(
        "What came compressed is stored as it was sent; the rest is compressed here, or unpacked, as the file has it",
        arguments: [
            (packed, true, packed), (text, true, GzipWriter.compress(text, level: 1)), (packed, false, text),
            (text, false, text),
        ]
    )
    func stored(sent: [UInt8], gzips: Bool, stored: [UInt8]) async throws {
        let raw = ScratchFile(path: "\(folder.path)/page", gzips: gzips)
        let page = try await read(sent, into: raw)
        #expect(page.facts.detections == 1)
        #expect(page.byteCount == Int64(Self.text.count))
        #expect(try bytes(of: raw.content()) == stored)
    }

    @Test(
        "A compressed answer that was cut or damaged is asked for again",
        arguments: [Array(packed.dropLast(9)), packed.prefix(50) + [0xFF, 0xFF, 0xFF] + packed.dropFirst(53)]
    )
    func damaged(sent: [UInt8]) async throws {
        let raw = ScratchFile(path: "\(folder.path)/page", gzips: true)
        let fault = await #expect(throws: AnswerFault.self) { try await read(sent, into: raw) }
        guard case .unreadable = fault else {
            Issue.record("\(String(describing: fault)) is not asked for again")
            return
        }
        // The next attempt has the file for itself.
        _ = try await read(Self.packed, into: raw)
        #expect(try bytes(of: raw.content()) == Self.packed)
    }

    @Test("An error page is told by its text, compressed or not")
    func errorPage() async throws {
        let text = Array("<html><body>Down for maintenance".utf8)
        for sent in [text, GzipWriter.compress(text)] {
            await #expect(throws: AnswerFault.error(text)) { _ = try await read(sent, into: nil) }
        }
    }

    private func read(_ sent: [UInt8], into raw: ScratchFile?) async throws -> ReadPage {
        let receiver = PageReader(raw: raw) { DetectionConsumer([]) }.receiver
        let http = FakeHTTP([.success(HTTPResponse(status: 200, body: sent))])
        async let reading: Void = receiver.read()
        let response = try? await http.client.send(HTTPRequest(url: "https://api.example.test"), receiver.sink)
        await reading
        if let fault = receiver.fault() { throw fault }
        return try receiver.finish(response ?? HTTPResponse(status: 200))
    }

    private func bytes(of content: JobContent) throws -> [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .file(let path, let count, _):
            let bytes = try folder.read(path)
            #expect(bytes.count == Int(count))
            return bytes
        case .spooled: throw Unexpected()
        }
    }

    private struct Unexpected: Error {}
}
