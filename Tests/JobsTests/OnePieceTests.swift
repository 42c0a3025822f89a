import Files
import Glibc
import QualysAPI
import Support
import TestSupport
import Testing

@testable import Jobs

@Suite("One piece of a job's work")
struct OnePieceTests {
    private struct Own: Error {}

    private let services = JobServices.fake()

    @Test("A failure of its own is told, and ends nothing", arguments: [QualysError.Kind.unreadable, .permission, nil])
    func own(kind: QualysError.Kind?) async throws {
        let failure: any Error = kind.map { QualysError($0, call: "GET /x", message: "m") } ?? Own()
        let outcome = try await services.onePiece("piece", .test()) { throw failure }
        #expect(throws: (any Error).self) { try outcome.get() }
    }

    @Test(
        "What every other piece would meet as well ends the run",
        arguments: [
            QualysError.Kind.signIn, .credentials, .limit, .deadline, .cancelled,
        ]
    )
    func common(kind: QualysError.Kind) async throws {
        let failure = QualysError(kind, call: "GET /x", message: "m")
        await #expect(throws: failure) { try await services.onePiece("piece", .test()) { throw failure } }
        await #expect(throws: JobStateError.lost) {
            try await services.onePiece("piece", .test()) { throw JobStateError.lost }
        }
    }

    @Test("A full disk ends the run, and one file's fault does not", arguments: [(ENOSPC, true), (EACCES, false)])
    func disk(code: Int32, ends: Bool) async throws {
        let fault = FileFault(path: "/x", doing: "writing it", errno: code)
        let outcome = try? await services.onePiece("piece", .test()) { throw fault }
        #expect((outcome == nil) == ends)
    }

    @Test("A failure when the time is over is one of time, whatever it says")
    func noTime() async throws {
        let error = await #expect(throws: QualysError.self) {
            try await services.onePiece("piece", .test(.zero)) { throw Own() }
        }
        #expect(error?.kind == .deadline && error?.call == "piece")
    }

    @Test("So is one in a task that was cancelled")
    func cancelled() async throws {
        let services = services
        let task = Task {
            try await services.onePiece("piece", .test()) {
                await untilCancelled()
                throw Own()
            }
        }
        task.cancel()
        let error = await #expect(throws: QualysError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
    }
}
