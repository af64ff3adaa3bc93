// Texts of a form as values of YAML, whatever is in them: one value on one line, read back as it
// was.

enum YAMLScalar {
    /// A text, quoted unless it can be misread as nothing else.
    static func text(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// A number as it was written; what is none becomes a text, which the parser refuses in place.
    static func number(_ text: String) -> String { isNumber(text) ? text : self.text(text) }

    /// A number with a unit, such as `6G`.
    static func amount(_ text: String) -> String {
        let unit = text.reversed().prefix { $0.isASCII && $0.isLetter }
        let number = text.dropLast(unit.count)
        return unit.count <= 3 && isNumber(String(number)) ? text : self.text(text)
    }

    static func flag(_ text: String) -> String {
        ["true", "false"].contains(text) ? text : self.text(text)
    }

    /// Words that YAML, or an older version of it, takes for something else.
    private static let taken: Set = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, first == UInt8(ascii: "/") || isLetter(first),
            !taken.contains(text.lowercased()), text.utf8.count <= 1000
        else { return false }
        let last = text.utf8.last == UInt8(ascii: ":")
        return !last
            && text.utf8.allSatisfy { byte in
                isLetter(byte) || isDigit(byte) || "/._-:@".utf8.contains(byte)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// `-0.5`, `12`, `1e-3`: digits, with point and exponent.
    private static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func digits() -> Int {
            let count = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard digits() > 0 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if let sign = rest.first, "+-".utf8.contains(sign) { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty && text.utf8.count <= 40
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{20}"..."\u{7E}", "\u{A1}"..."\u{2027}", "\u{202A}"..."\u{D7FF}",
                "\u{E000}"..."\u{FEFE}", "\u{FF00}"..."\u{FFFD}":
                result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let zeros = String(repeating: "0", count: max(0, 8 - digits.count))
                result += "\\U\(zeros)\(digits)"
            }
        }
        return result + "\""
    }
}
