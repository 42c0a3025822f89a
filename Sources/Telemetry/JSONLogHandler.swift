package import Logging
package import Support

/// Writes one JSON object a line: `timestamp`, `level`, `message`, `requestId` when there is one, then the metadata as
/// fields.
///
/// An error is shown as `errorType` and `error` (its label and description). Long values are cut, and a line of more than
/// 64 KB goes without its fields, so that odd ones cannot drown the rest.
package struct JSONLogHandler: LogHandler {
    private static let longestLine = 64 << 10
    private static let longestValue = 8 << 10

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let clock: WallClock
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: Takes a whole line, its line feed included.
    package init(level: Logger.Level, clock: WallClock = .system, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.logLevel = level
        self.clock = clock
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let own = event.metadata { fields.merge(own) { _, new in new } }

        let line = line(event, fields)
        write(line.count <= Self.longestLine ? line : self.line(event, fields.filter { $0.key == "requestId" }))
    }

    private func line(_ event: LogEvent, _ fields: Logger.Metadata) -> [UInt8] {
        var fields = fields
        var line = JSONWriter()
        line.object { line in
            line.member("timestamp", clock.now().iso8601Milliseconds)
            line.member("level", event.level.rawValue)
            line.member("message", bounded(event.message.description))
            if let requestID = fields.removeValue(forKey: "requestId") {
                line.member("requestId", bounded(requestID.description))
            }
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                line.key(name)
                append(value, to: &line)
            }
            if let error = event.error {
                let (label, description) = describe(error)
                line.member("errorType", label)
                line.member("error", bounded(description))
            }
        }
        return line.bytes + [UInt8(ascii: "\n")]
    }

    private func append(_ value: Logger.MetadataValue, to line: inout JSONWriter) {
        switch value {
        case .string(let text):
            line.value(bounded(text))
        case .stringConvertible(let value):
            switch value {
            case let number as Int: line.value(number)
            case let number as Double: line.value(number)
            case let truth as Bool: line.value(truth)
            default: line.value(bounded(value.description))
            }
        case .array(let values):
            line.array { line in
                for value in values.prefix(100) { append(value, to: &line) }
            }
        case .dictionary(let members):
            line.object { line in
                for (name, value) in members.sorted(by: { $0.key < $1.key }).prefix(100) {
                    line.key(name)
                    append(value, to: &line)
                }
            }
        }
    }

    private func bounded(_ text: String) -> String {
        guard text.utf8.count > Self.longestValue else { return text }
        return String(decoding: text.utf8.prefix(Self.longestValue), as: UTF8.self) + "…"
    }
}
