/// A secret. Printing, logging, interpolating or mirroring it shows `[redacted]`.
package struct Redacted: Sendable, Hashable {
    /// The secret itself, for the one place that needs it.
    package let exposed: String

    package init(_ secret: String) {
        self.exposed = secret
    }

    package static let text = "[redacted]"
}

extension Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Redacted.text }
    package var debugDescription: String { Redacted.text }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
