/// A text from outside in quotes, fit for a message: printable ASCII stays, all else is shown by its code point, so that
/// neither a control character nor a change of writing direction can disguise it; cut after `limit` characters.
package func quoted(_ text: some StringProtocol, limit: Int = 80) -> String {
    var shown = "\""
    for scalar in text.unicodeScalars.prefix(limit) {
        if scalar.value >= 0x20, scalar.value < 0x7F, scalar != "\"", scalar != "\\" {
            shown.unicodeScalars.append(scalar)
        } else {
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
    return shown + (text.unicodeScalars.dropFirst(limit).isEmpty ? "\"" : "\"…")
}
