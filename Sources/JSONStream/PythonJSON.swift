extension JSONValue {
    /// Appends the value as Python's `json.dumps(json.loads(...))` writes it: `", "` and `": "` between, ASCII only,
    /// whole numbers as they were, others as `repr` has them.
    ///
    /// Two things Python does otherwise: of members with one name it keeps one, and it writes what is too large for a
    /// floating-point number as `Infinity`, which is not JSON. Here both stay as they were written.
    package func appendPythonJSON(to output: inout [UInt8]) {
        switch kind {
        case .null, .true, .false: withRaw { output.append(contentsOf: $0) }
        case .number: withRaw { appendPythonNumber($0, to: &output) }
        case .string: appendPythonString(to: &output)
        case .array:
            output.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { output.append(contentsOf: ", ".utf8) }
                isFirst = false
                element.appendPythonJSON(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object:
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for (name, value) in members {
                if !isFirst { output.append(contentsOf: ", ".utf8) }
                isFirst = false
                name.appendPythonString(to: &output)
                output.append(contentsOf: ": ".utf8)
                value.appendPythonJSON(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// The same as a text.
    package var pythonJSON: String {
        var output: [UInt8] = []
        appendPythonJSON(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func appendPythonString(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        withRaw { appendPythonEscaped($0.assumingMemoryBound(to: UInt8.self), to: &output) }
        output.append(UInt8(ascii: "\""))
    }
}

private func appendPythonEscaped(_ raw: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
    var content = StringContent(raw)
    while let part = content.next() {
        switch part {
        case .plain(let bytes): appendPlain(bytes, to: &output)
        case .short(let byte): append(unit: UInt16(byte), to: &output)
        case .unit(let unit): append(unit: unit, to: &output)
        }
    }
}

private func appendPlain(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
    let end = bytes.firstIndex { $0 >= 0x7F } ?? bytes.count
    output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[..<end]))
    guard end < bytes.count else { return }
    for unit in String(decoding: UnsafeBufferPointer(rebasing: bytes[end...]), as: UTF8.self).utf16 {
        append(unit: unit, to: &output)
    }
}

private func append(unit: UInt16, to output: inout [UInt8]) {
    let letter: UInt8? =
        switch unit {
        case 0x22, 0x5C: UInt8(truncatingIfNeeded: unit)
        case 0x08: UInt8(ascii: "b")
        case 0x0C: UInt8(ascii: "f")
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        default: nil
        }
    if let letter {
        output.append(UInt8(ascii: "\\"))
        output.append(letter)
    } else if 0x20..<0x7F ~= unit {
        output.append(UInt8(truncatingIfNeeded: unit))
    } else {
        output.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
            output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}

private func appendPythonNumber(_ raw: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    let isWhole = !raw.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    if isWhole {
        let isMinusZero = raw.elementsEqual("-0".utf8)
        output.append(contentsOf: isMinusZero ? raw.dropFirst() : raw[...])
    } else if let number = Double(String(decoding: raw, as: UTF8.self)), number.isFinite {
        output.append(contentsOf: pythonRepr(number).utf8)
    } else {
        output.append(contentsOf: raw)
    }
}

/// Python's `repr` of a floating-point number: the fewest digits that mean it, which Swift writes too, with an exponent
/// below 1e-4 and from 1e16 on.
func pythonRepr(_ number: Double) -> String {
    let parts = "\(number.magnitude)".split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? mantissa[1] : ""
    let all = mantissa[0] + fraction
    let digits = all.drop { $0 == "0" }
    // The number is 0.digits times ten to this.
    let point = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].count - (all.count - digits.count)
    let significant = String(digits.reversed().drop { $0 == "0" }.reversed())
    let sign = number.sign == .minus ? "-" : ""
    guard !significant.isEmpty else { return sign + "0.0" }

    if point > 16 || point < -3 {
        let rest = significant.dropFirst()
        let exponent = abs(point - 1)
        let mantissa = significant.prefix(1) + (rest.isEmpty ? "" : "." + rest)
        return "\(sign)\(mantissa)e\(point > 0 ? "+" : "-")\(exponent < 10 ? "0" : "")\(exponent)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + significant }
    if significant.count <= point {
        return sign + significant + String(repeating: "0", count: point - significant.count) + ".0"
    }
    return sign + significant.prefix(point) + "." + significant.dropFirst(point)
}
