// Strings as JSON spells them, in the ways our files need.

/// What is escaped in a string beside the quote, the backslash and control characters.
package enum JSONStringStyle: Sendable {
    /// All but ASCII, as Python's `json.dumps` writes by default: as `\uXXXX`.
    case ascii
    /// Nothing else, as RFC 8785 and the Rust writer of safetensors have it.
    case utf8
    /// What ends a line in JavaScript, so that a careless reader does not trip.
    case script

    /// `string` in quotes.
    package func literal(_ string: String) -> String {
        // Most strings are names, which every style leaves as they are.
        if string.utf8.allSatisfy(Self.isBare) { return "\"\(string)\"" }
        var text = "\""
        for scalar in string.unicodeScalars {
            if let escape = escape(scalar) {
                text += escape
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private func escape(_ scalar: Unicode.Scalar) -> String? {
        switch (scalar, self) {
        case ("\"", _): "\\\""
        case ("\\", _): "\\\\"
        case ("\n", _): "\\n"
        case ("\r", _): "\\r"
        case ("\t", _): "\\t"
        case ("\u{8}", .ascii), ("\u{8}", .utf8): "\\b"
        case ("\u{C}", .ascii), ("\u{C}", .utf8): "\\f"
        case ("\u{0}"..."\u{1F}", _), ("\u{7F}"..., .ascii), ("\u{7F}", .script),
            ("\u{2028}"..."\u{2029}", .script):
            UTF16.encode(scalar).map { $0.map(Self.unit).joined() }
        default: nil
        }
    }

    private static func unit(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
