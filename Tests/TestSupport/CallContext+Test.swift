package import InMemoryLogging
package import Logging
package import Support
package import Telemetry

extension CallContext {
    /// A context whose log goes nowhere.
    package static func test(_ remaining: Duration = .seconds(900), now: Timestamp = FakeClock.start) -> CallContext {
        CallContext(deadline: Deadline(now + remaining), log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

/// Keeps what was logged, debug lines too.
package struct LogBook: Sendable {
    private let handler: InMemoryLogHandler

    package init() {
        var handler = InMemoryLogHandler()
        handler.logLevel = .trace
        self.handler = handler
    }

    package var logger: Logger { Logger(label: "test") { [handler] _ in handler } }
    package var entries: [InMemoryLogHandler.Entry] { handler.entries }
    package var messages: [String] { entries.map(\.message.description) }

    /// All of it in one text, to look for what must not be there.
    package var text: String {
        entries.map { "\($0.message) \($0.metadata) \($0.error.map { String(describing: $0) } ?? "")" }
            .joined(separator: "\n")
    }
}
