// Numbers as Python reads, rounds and prints them.

import Foundation
import PythonText

enum PythonNumber {
    typealias Failure = (String) -> ChatTemplateError

    /// `repr(float)`: the fewest digits that read back as the same value.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let sign = value.sign == .minus ? "-" : ""
        var (digits, exponent) = decimal(value.magnitude)
        // `exponent` is the power of ten of the first digit.
        guard (-4..<16).contains(exponent) else {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let power = String(abs(exponent))
            let padded = power.count < 2 ? "0" + power : power
            return sign + digits.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + padded
        }
        if exponent < 0 {
            return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits
        }
        digits += String(repeating: "0", count: max(0, exponent + 2 - digits.count))
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }

    /// The digits of a number that is not negative, and the power of ten of the first one.
    private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
        if value == 0 { return ("0", 0) }
        let parts = value.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let whole = String(mantissa[0])
        var digits = whole + (mantissa.count > 1 ? mantissa[1] : "")
        var exponent = whole.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }

    /// The filter `int`; nil where its default counts.
    static func integer(_ value: Value, _ failure: Failure) throws(ChatTemplateError) -> Value? {
        switch value {
        case .integer: return value
        case .bool(let flag): return .integer(flag ? 1 : 0)
        case .float(let number): return try truncated(number, failure)
        case .string(let text):
            guard let digits = try numeral(text, failure) else { return nil }
            if let number = Int(digits) { return .integer(number) }
            return try double(digits).flatMap { number throws(ChatTemplateError) in
                try truncated(number, failure)
            }
        case .undefined(let words): throw failure("\(words) and is no number")
        default: return nil
        }
    }

    /// The filter `float`; nil where its default counts.
    static func float(_ value: Value, _ failure: Failure) throws(ChatTemplateError) -> Value? {
        switch value {
        case .float: return value
        case .integer(let number): return .float(Double(number))
        case .bool(let flag): return .float(flag ? 1 : 0)
        case .string(let text):
            return try numeral(text, failure).flatMap(double).map { .float($0) }
        case .undefined(let words): throw failure("\(words) and is no number")
        default: return nil
        }
    }

    private static func truncated(
        _ number: Double, _ failure: Failure
    ) throws(ChatTemplateError) -> Value? {
        guard number.isFinite else {
            if number.isNaN { return nil }
            throw failure("an infinite number made an integer")
        }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
            throw failure("a number of more than 64 bits")
        }
        return .integer(integer)
    }

    /// A string as a number is written, without spaces and underscores; nil where it is none.
    private static func numeral(
        _ text: String, _ failure: Failure
    ) throws(ChatTemplateError) -> String? {
        let text = PythonText.strip(text, nil, .both)
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            guard !text.unicodeScalars.contains(where: { $0.properties.numericType == .decimal })
            else { throw failure("a string as a number that is not ASCII") }
            return nil
        }
        var digits = ""
        var before: Character = "_"
        for character in text {
            if character == "_" {
                guard before.isNumber else { return nil }
            } else {
                guard before != "_" || digits.isEmpty || character.isNumber else { return nil }
                digits.append(character)
            }
            before = character
        }
        return before == "_" ? nil : digits
    }

    /// Python's `float(str)`, of what `numeral` gave.
    private static func double(_ text: String) -> Double? {
        let bare = text.lowercased().drop { $0 == "+" || $0 == "-" }
        if text.count - bare.count < 2 {
            if bare == "nan" { return .nan }
            if bare == "inf" || bare == "infinity" {
                return text.hasPrefix("-") ? -.infinity : .infinity
            }
        }
        guard bare.allSatisfy({ $0.isNumber || ".e+-".contains($0) }) else { return nil }
        return Double(text)
    }

    /// The filter `round`.
    static func round(
        _ value: Value, _ precision: Int, _ method: String, _ failure: Failure
    ) throws(ChatTemplateError) -> Value {
        let number: Double
        switch value {
        case .integer(let integer): number = Double(integer)
        case .bool(let flag): number = flag ? 1 : 0
        case .float(let double): number = double
        default: throw failure("no number, but \(value.kind)")
        }
        guard (0...300).contains(precision), number.isFinite else {
            throw failure("rounding that is not known here")
        }
        switch method {
        case "common":
            if case .integer = value { return value }
            if case .bool(let flag) = value { return .integer(flag ? 1 : 0) }
            return .float(Double(String(format: "%.\(precision)f", number)) ?? number)
        case "ceil", "floor":
            let scale = pow(10, Double(precision))
            let rounded = (number * scale).rounded(method == "ceil" ? .up : .down)
            return .float(rounded / scale)
        default: throw failure("rounding is `common`, `ceil` or `floor`")
        }
    }
}
