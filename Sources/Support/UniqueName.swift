/// A name that nobody else gives: 128 random bits from the system as 32 hexadecimal digits.
package func uniqueName() -> String {
    hexText((0..<16).map { _ in UInt8.random(in: .min ... .max) })
}
