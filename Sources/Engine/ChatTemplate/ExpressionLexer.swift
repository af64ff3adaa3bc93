// The tokens between the braces of a template: names, strings, numbers, operators.

import JSON
import PythonText

enum ExpressionLexer {
    private static let longSigns: Set = ["//", "**", "==", "!=", ">=", "<="]
    private static let signs: Set<Unicode.Scalar> = [
        "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|",
        ",", ";",
    ]

    /// The token that begins at `index`, which is no white space.
    static func next(
        in source: [Unicode.Scalar], at index: inout Int, _ place: TextPlace
    ) throws(ChatTemplateError) -> TemplateToken.Kind {
        let first = source[index]
        if isDigit(first) { return try number(in: source, at: &index, place) }
        if isNameStart(first) {
            let start = index
            while index < source.count, isNameStart(source[index]) || isDigit(source[index]) {
                index += 1
            }
            return .name(String(scalars: source[start..<index]))
        }
        if first == "'" || first == "\"" { return try string(in: source, at: &index, place) }
        let long = String(scalars: source[index..<min(index + 2, source.count)])
        if longSigns.contains(long) {
            index += 2
            return .sign(long)
        }
        guard signs.contains(first) else {
            throw .syntax(place, "\(quoted(String(first))) does not belong here")
        }
        index += 1
        return .sign(String(first))
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// Jinja allows letters of every script; templates are written in ASCII.
    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    // MARK: - Numbers

    private static func number(
        in source: [Unicode.Scalar], at index: inout Int, _ place: TextPlace
    ) throws(ChatTemplateError) -> TemplateToken.Kind {
        let isAfterDot = index > 0 && source[index - 1] == "."
        if !isAfterDot, let end = floatEnd(in: source, from: index) {
            let text = String(scalars: source[index..<end].filter { $0 != "_" })
            index = end
            guard let value = Double(text) else { throw .syntax(place, "not a number") }
            return .float(value)
        }
        let start = index
        let radix = radix(in: source, at: index)
        if radix != 10 { index += 2 }
        // A decimal number begins with no zero, unless it is zero.
        let isZero = radix == 10 && source[start] == "0"
        while index < source.count {
            let isSeparated = source[index] == "_" && index + 1 < source.count && index > start
            let digit = source[isSeparated ? index + 1 : index]
            guard digit.isASCII, let value = Character(digit).hexDigitValue, value < radix,
                !isZero || value == 0
            else { break }
            index += isSeparated ? 2 : 1
        }
        let digits = source[(radix == 10 ? start : start + 2)..<index].filter { $0 != "_" }
        guard let value = Int(String(scalars: digits), radix: radix) else {
            throw .syntax(place, "this number is too large")
        }
        return .integer(value)
    }

    private static func radix(in source: [Unicode.Scalar], at index: Int) -> Int {
        guard source[index] == "0", index + 2 < source.count else { return 10 }
        let radix =
            switch source[index + 1] {
            case "x", "X": 16
            case "o", "O": 8
            case "b", "B": 2
            default: 10
            }
        let digit = source[index + 2] == "_" && index + 3 < source.count ? 3 : 2
        guard source[index + digit].isASCII,
            let value = Character(source[index + digit]).hexDigitValue, value < radix
        else { return 10 }
        return radix
    }

    /// Behind a number with a point or an exponent; nil where it has neither.
    private static func floatEnd(in source: [Unicode.Scalar], from start: Int) -> Int? {
        guard var end = digitsEnd(in: source, from: start) else { return nil }
        let whole = end
        if end < source.count, source[end] == ".",
            let fraction = digitsEnd(in: source, from: end + 1)
        {
            end = fraction
        }
        if end < source.count, source[end] == "e" || source[end] == "E" {
            var exponent = end + 1
            if exponent < source.count, source[exponent] == "+" || source[exponent] == "-" {
                exponent += 1
            }
            if let found = digitsEnd(in: source, from: exponent) { end = found }
        }
        return end == whole ? nil : end
    }

    /// Behind digits, between which single underscores may stand; nil where there are none.
    private static func digitsEnd(in source: [Unicode.Scalar], from start: Int) -> Int? {
        var end = start
        while end < source.count {
            if isDigit(source[end]) {
                end += 1
            } else if source[end] == "_", end > start, end + 1 < source.count,
                isDigit(source[end + 1])
            {
                end += 2
            } else {
                break
            }
        }
        return end == start ? nil : end
    }

    // MARK: - Strings

    private static func string(
        in source: [Unicode.Scalar], at index: inout Int, _ place: TextPlace
    ) throws(ChatTemplateError) -> TemplateToken.Kind {
        let quote = source[index]
        index += 1
        var text = String.UnicodeScalarView()
        while index < source.count {
            let scalar = source[index]
            index += 1
            if scalar == quote { return .string(String(text)) }
            if scalar != "\\" {
                text.append(scalar)
            } else {
                guard index < source.count else { break }
                text.append(contentsOf: try escape(in: source, at: &index, place).unicodeScalars)
            }
        }
        throw .syntax(place, "this string has no end")
    }

    /// What Python makes of an escape; `index` is behind the backslash.
    private static func escape(
        in source: [Unicode.Scalar], at index: inout Int, _ place: TextPlace
    ) throws(ChatTemplateError) -> String {
        let scalar = source[index]
        if ("0"..."7").contains(scalar) {
            return try code(in: source, at: &index, digits: 1...3, radix: 8, place)
        }
        index += 1
        switch scalar {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "\n": return ""
        case "\\", "'", "\"": return String(scalar)
        case "x": return try code(in: source, at: &index, digits: 2...2, radix: 16, place)
        case "u": return try code(in: source, at: &index, digits: 4...4, radix: 16, place)
        case "U": return try code(in: source, at: &index, digits: 8...8, radix: 16, place)
        case "N": throw .unknown(place, kind: "the escape", name: "\\N")
        default:
            guard scalar.isASCII else {
                throw .unknown(place, kind: "the escape", name: "\\\(scalar)")
            }
            return "\\\(scalar)"
        }
    }

    private static func code(
        in source: [Unicode.Scalar], at index: inout Int, digits: ClosedRange<Int>, radix: UInt32,
        _ place: TextPlace
    ) throws(ChatTemplateError) -> String {
        var value: UInt32 = 0
        var count = 0
        while count < digits.upperBound, index < source.count, source[index].isASCII,
            let digit = Character(source[index]).hexDigitValue, digit < radix
        {
            value = value &* radix &+ UInt32(digit)
            index += 1
            count += 1
        }
        guard digits.contains(count), let scalar = Unicode.Scalar(value) else {
            throw .syntax(place, "an escape in this string is no character")
        }
        return String(scalar)
    }
}
