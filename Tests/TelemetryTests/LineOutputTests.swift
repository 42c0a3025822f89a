import Foundation
import Testing

@testable import Telemetry

@Suite(.timeLimit(.minutes(5))) struct LineOutputTests {
    @Test func `Lines of concurrent tasks never mix`() async throws {
        let pipe = Pipe()
        // Longer than a pipe takes at once.
        let lines = (0..<8).map { [UInt8](repeating: UInt8(ascii: "a") + $0, count: 100_000) + [UInt8(ascii: "\n")] }
        let output = LineOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let reader = Task.detached { pipe.fileHandleForReading.readDataToEndOfFile() }
        await withTaskGroup { group in
            for line in lines { group.addTask { output.write(line) } }
        }
        try pipe.fileHandleForWriting.close()
        let read = await reader.value.split(separator: UInt8(ascii: "\n")).map { Array($0) + [UInt8(ascii: "\n")] }
        #expect(Set(read) == Set(lines))
    }

    @Test func `A descriptor that takes nothing is no reason to fail or to hang`() {
        LineOutput(descriptor: -1).write(Array("line\n".utf8))
    }
}
