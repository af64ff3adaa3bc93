// Strings as JSON spells them, in the two ways our files need.

enum JSONStrings {
    /// ASCII only, as Python's `json.dumps` writes by default: everything else as `\uXXXX`.
    static func asciiString(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            if let escape = shortEscape(scalar) {
                text += escape
            } else if (0x20..<0x7F).contains(scalar.value) {
                text.unicodeScalars.append(scalar)
            } else {
                for unit in UTF16.encode(scalar) ?? .init() { text += unicodeEscape(unit) }
            }
        }
        return text + "\""
    }

    /// UTF-8, escaping only what JSON demands, as the Rust writer of safetensors does.
    static func utf8String(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            if let escape = shortEscape(scalar) {
                text += escape
            } else if scalar.value < 0x20 {
                text += unicodeEscape(UInt16(scalar.value))
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    private static func shortEscape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\u{8}": "\\b"
        case "\u{C}": "\\f"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: nil
        }
    }

    private static func unicodeEscape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
