// Arithmetic and comparisons, as Python does them.

import Foundation
import JSON
import PythonText

extension Renderer {
    // MARK: - Numbers

    /// Truth values count as 0 and 1.
    func integer(_ value: Value) throws(ChatTemplateError) -> Int {
        switch value {
        case .integer(let number): return number
        case .bool(let flag): return flag ? 1 : 0
        default: throw failure("expected an integer, found \(value.kind)\(missing(value))")
        }
    }

    func missing(_ value: Value) -> String {
        if case .undefined(let words) = value { ": \(words)" } else { "" }
    }

    private enum Number {
        case integer(Int)
        case float(Double)

        var double: Double {
            switch self {
            case .integer(let number): Double(number)
            case .float(let number): number
            }
        }
    }

    private func number(_ value: Value) -> Number? {
        switch value {
        case .integer(let number): .integer(number)
        case .bool(let flag): .integer(flag ? 1 : 0)
        case .float(let number): .float(number)
        default: nil
        }
    }

    func negative(_ value: Value) throws(ChatTemplateError) -> Value {
        switch number(value) {
        case .integer(let number):
            return .integer(try exact(0.subtractingReportingOverflow(number)))
        case .float(let number): return .float(-number)
        case nil: throw failure("no minus in front of \(value.kind)\(missing(value))")
        }
    }

    func positive(_ value: Value) throws(ChatTemplateError) -> Value {
        switch number(value) {
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        case nil: throw failure("no plus in front of \(value.kind)\(missing(value))")
        }
    }

    func absolute(_ value: Value) throws(ChatTemplateError) -> Value {
        switch number(value) {
        case .integer(let number) where number < 0: return try negative(value)
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(abs(number))
        case nil: throw failure("no number, but \(value.kind)\(missing(value))")
        }
    }

    private func exact(
        _ result: (partialValue: Int, overflow: Bool)
    ) throws(ChatTemplateError) -> Int {
        guard !result.overflow else { throw failure("a number of more than 64 bits") }
        return result.partialValue
    }

    // MARK: - Arithmetic

    func arithmetic(
        _ sign: ArithmeticSign, _ left: Value, _ right: Value
    ) throws(ChatTemplateError) -> Value {
        if let first = number(left), let second = number(right) {
            if case .integer(let first) = first, case .integer(let second) = second {
                return try integers(sign, first, second)
            }
            return .float(try floats(sign, first.double, second.double))
        }
        switch (sign, left, right) {
        case (.add, .string(let first), .string(let second)):
            try checkText(bytes: first.utf8.count + second.utf8.count)
            return .string(first + second)
        case (.add, .list(let first), .list(let second)):
            return .list(try held(first.values + second.values))
        case (.add, .tuple(let first), .tuple(let second)):
            return .tuple(try held(first.values + second.values))
        case (.multiply, .string(let text), _) where number(right) != nil:
            return try repeated(text, integer(right))
        case (.multiply, _, .string(let text)) where number(left) != nil:
            return try repeated(text, integer(left))
        case (.multiply, .list(let elements), _) where number(right) != nil:
            return .list(try repeated(elements.values, integer(right)))
        case (.multiply, _, .list(let elements)) where number(left) != nil:
            return .list(try repeated(elements.values, integer(left)))
        case (.multiply, .tuple(let elements), _) where number(right) != nil:
            return .tuple(try repeated(elements.values, integer(right)))
        case (.multiply, _, .tuple(let elements)) where number(left) != nil:
            return .tuple(try repeated(elements.values, integer(left)))
        case (.remainder, .string, _):
            throw .unknown(place, kind: "for a string, the sign", name: "%")
        default:
            throw failure(
                "`\(sign.rawValue)` between \(left.kind) and \(right.kind)"
                    + missing(left.isUndefined ? left : right))
        }
    }

    private func integers(
        _ sign: ArithmeticSign, _ left: Int, _ right: Int
    ) throws(ChatTemplateError) -> Value {
        switch sign {
        case .add: return .integer(try exact(left.addingReportingOverflow(right)))
        case .subtract: return .integer(try exact(left.subtractingReportingOverflow(right)))
        case .multiply: return .integer(try exact(left.multipliedReportingOverflow(by: right)))
        case .divide: return .float(try floats(.divide, Double(left), Double(right)))
        case .divideDown, .remainder:
            guard right != 0 else { throw failure("a division by zero") }
            let quotient = try exact(left.dividedReportingOverflow(by: right))
            let rest = left - quotient * right
            // Python rounds down, and the rest has the sign of the divisor.
            let isOff = rest != 0 && (rest < 0) != (right < 0)
            if sign == .divideDown { return .integer(isOff ? quotient - 1 : quotient) }
            return .integer(isOff ? rest + right : rest)
        case .power:
            guard right >= 0 else { return .float(try floats(.power, Double(left), Double(right))) }
            return .integer(try power(left, right))
        }
    }

    private func power(_ base: Int, _ exponent: Int) throws(ChatTemplateError) -> Int {
        if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
        guard exponent < 64 else { throw failure("a number of more than 64 bits") }
        var result = 1
        for _ in 0..<exponent { result = try exact(result.multipliedReportingOverflow(by: base)) }
        return result
    }

    private func floats(
        _ sign: ArithmeticSign, _ left: Double, _ right: Double
    ) throws(ChatTemplateError) -> Double {
        switch sign {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide, .divideDown, .remainder:
            guard right != 0 else { throw failure("a division by zero") }
            if sign == .divide { return left / right }
            var rest = fmod(left, right)
            if rest != 0, (rest < 0) != (right < 0) { rest += right }
            if rest == 0 { rest = Double(signOf: right, magnitudeOf: 0) }
            if sign == .remainder { return rest }
            let quotient = (left - rest) / right
            if quotient == 0 { return Double(signOf: left / right, magnitudeOf: 0) }
            let floor = quotient.rounded(.down)
            return quotient - floor > 0.5 ? floor + 1 : floor
        case .power:
            let result = pow(left, right)
            guard left >= 0 || right == right.rounded(), left != 0 || right >= 0,
                result.isFinite || !left.isFinite || !right.isFinite
            else { throw failure("a power that is no number") }
            return result
        }
    }

    private func repeated(_ text: String, _ count: Int) throws(ChatTemplateError) -> Value {
        let (bytes, isTooMany) = text.utf8.count.multipliedReportingOverflow(by: max(0, count))
        try checkText(bytes: isTooMany ? .max : bytes)
        return .string(text.isEmpty ? "" : String(repeating: text, count: max(0, count)))
    }

    private func repeated(_ values: [Value], _ count: Int) throws(ChatTemplateError) -> Elements {
        let (total, isTooMany) = values.count.multipliedReportingOverflow(by: max(0, count))
        try spend(isTooMany ? TemplateLimits.stepsMax : total)
        if values.isEmpty { return Elements([]) }
        return Elements(Array(repeatElement(values, count: max(0, count)).joined()))
    }

    // MARK: - Comparisons

    func holds(
        _ sign: ComparisonSign, _ left: Value, _ right: Value
    ) throws(ChatTemplateError) -> Bool {
        switch sign {
        case .equal: return try areEqual(left, right)
        case .notEqual: return try !areEqual(left, right)
        case .less: return try isLess(left, right, "<")
        case .greater: return try isLess(right, left, ">")
        case .lessOrEqual: return try isLess(left, right, "<=", orEqual: true)
        case .greaterOrEqual: return try isLess(right, left, ">=", orEqual: true)
        case .isIn: return try contains(right, left)
        case .isNotIn: return try !contains(right, left)
        }
    }

    func areEqual(_ left: Value, _ right: Value) throws(ChatTemplateError) -> Bool {
        try spend()
        if let first = number(left), let second = number(right) {
            if case .integer(let first) = first, case .integer(let second) = second {
                return first == second
            }
            return first.double == second.double
        }
        switch (left, right) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let first), .string(let second)):
            try spend(min(first.utf8.count, second.utf8.count) / 64)
            return first.utf8.elementsEqual(second.utf8)
        case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)),
            (.range(let first, _), .range(let second, _)):
            guard first.values.count == second.values.count else { return false }
            for (first, second) in zip(first.values, second.values) {
                guard try areEqual(first, second) else { return false }
            }
            return true
        case (.dict(let first), .dict(let second)):
            guard first.count == second.count else { return false }
            for (key, value) in zip(first.keys, first.values) {
                guard let other = second.value(try dictKey(key)), try areEqual(value, other) else {
                    return false
                }
            }
            return true
        case (.namespace(let first), .namespace(let second)): return first === second
        case (.macro(let first), .macro(let second)): return first === second
        case (.view, .view): throw failure("views of dicts compared; use lists")
        default: return false
        }
    }

    /// Python's order: numbers with numbers, strings with strings, lists with lists.
    func isLess(
        _ left: Value, _ right: Value, _ sign: String = "<", orEqual: Bool = false
    ) throws(ChatTemplateError) -> Bool {
        try spend()
        if let first = number(left), let second = number(right) {
            if case .integer(let first) = first, case .integer(let second) = second {
                return orEqual ? first <= second : first < second
            }
            return orEqual ? first.double <= second.double : first.double < second.double
        }
        switch (left, right) {
        case (.string(let first), .string(let second)):
            try spend(min(first.utf8.count, second.utf8.count) / 64)
            return orEqual
                ? !ExactString.precedes(second, first) : ExactString.precedes(first, second)
        case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
            for (first, second) in zip(first.values, second.values)
            where try !areEqual(first, second) {
                return try isLess(first, second, sign, orEqual: orEqual)
            }
            let (first, second) = (first.values.count, second.values.count)
            return orEqual ? first <= second : first < second
        default:
            throw failure(
                "`\(sign)` between \(left.kind) and \(right.kind)"
                    + missing(left.isUndefined ? left : right))
        }
    }

    func contains(_ container: Value, _ value: Value) throws(ChatTemplateError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw failure("\(value.kind) is looked for in a string\(missing(value))")
            }
            try checkSearch(part, in: text)
            return PythonText.contains(text, part)
        case .dict(let dict): return try holdsKey(dict, value)
        default:
            let next = try source(of: container)
            while let element = next() {
                if try areEqual(element, value) { return true }
            }
            return false
        }
    }

    func holdsKey(_ dict: Dict, _ value: Value) throws(ChatTemplateError) -> Bool {
        if value.isUndefined { return false }
        return dict.value(try dictKey(value)) != nil
    }

    /// Pays for a search, whose cost is the product of the lengths at worst.
    func checkSearch(_ part: String, in text: String) throws(ChatTemplateError) {
        let (cost, isTooMuch) = text.utf8.count.multipliedReportingOverflow(by: part.utf8.count)
        try spend(isTooMuch ? TemplateLimits.stepsMax : cost / 256 + text.utf8.count / 16)
    }
}
