// Bracket classes and escapes of patterns: whatever stands for a set of scalar values.

extension PatternParser {
    /// After «[».
    mutating func parseClass() throws(PatternSyntaxError) -> ScalarSet {
        depth += 1
        guard depth <= Self.depthMax else { throw failure("classes nested too deeply") }
        let isNegated = take("^")
        var intersected = ScalarSet.everything
        var current = ScalarSet.empty
        if peek() == "]" { throw failure("an empty class, or a `]` to be written \\]") }
        while !take("]") {
            if take("&&") {
                intersected = intersected.intersection(current)
                current = .empty
            } else if take("[") {
                if peek() == ":" { throw failure("a POSIX class [[:…:]]; use \\p{…}") }
                current = current.union(try parseClass())
            } else {
                current = current.union(try parseClassItem())
            }
        }
        depth -= 1
        let set = intersected.intersection(current)
        return isNegated ? set.inverted : set
    }

    /// One character, range or escape of a class.
    private mutating func parseClassItem() throws(PatternSyntaxError) -> ScalarSet {
        let set: ScalarSet
        if peek() == "\\" {
            position += 1
            if let escaped = try parseEscapedSet(inBrackets: true) {
                if peek() == "-", peek(1) != "]" { throw failure("a range from a class escape") }
                if caseless { throw failure("a class escape inside (?i)") }
                return escaped
            }
            set = try parseRange(from: try parseEscapedScalar())
        } else if let scalar = next() {
            set = try parseRange(from: scalar)
        } else {
            throw failure("a `[` without its `]`")
        }
        return caseless ? try bothCases(of: set) : set
    }

    private mutating func parseRange(
        from lower: Unicode.Scalar
    ) throws(PatternSyntaxError) -> ScalarSet {
        guard
            lower != "-" || peek() == "]" || scalars[position - 2] == "["
                || scalars[position - 2] == "^" || scalars[position - 2] == "\\"
        else { throw failure("a `-` in the middle of a class; write \\-") }
        guard peek() == "-", let following = peek(1), following != "]" else {
            return ScalarSet(lower.value)
        }
        position += 2
        var upper = following
        if following == "\\" {
            if try parseEscapedSet(inBrackets: true) != nil {
                throw failure("a range to a class escape")
            }
            upper = try parseEscapedScalar()
        } else if following == "[" {
            throw failure("a range to a class")
        }
        guard lower.value <= upper.value else { throw failure("a range that runs backwards") }
        return ScalarSet(lower.value...upper.value)
    }

    /// After «\»: \s \d \w \p{…} and their complements. Nil if it is something else.
    mutating func parseEscapedSet(
        inBrackets: Bool
    ) throws(PatternSyntaxError) -> ScalarSet? {
        guard let scalar = peek() else { return nil }
        let word = inBrackets ? UnicodeClasses.classWord : UnicodeClasses.word
        position += 1
        switch scalar {
        case "s": return UnicodeClasses.space
        case "S": return UnicodeClasses.space.inverted
        case "d": return UnicodeClasses.digit
        case "D": return UnicodeClasses.digit.inverted
        case "w": return word
        case "W": return word.inverted
        case "p", "P":
            guard take("{") else { throw failure("\\p without {…}") }
            var isNegated = scalar == "P"
            if take("^") { isNegated.toggle() }
            var name = ""
            while let letter = peek(), letter != "}" {
                name.unicodeScalars.append(letter)
                position += 1
            }
            guard take("}") else { throw failure("\\p{\(name) without }") }
            guard let set = UnicodeClasses.property(name) else {
                let known = UnicodeClasses.propertyNames.joined(separator: " ")
                throw failure("\\p{\(name)}; known are \(known)")
            }
            return isNegated ? set.inverted : set
        default:
            position -= 1
            return nil
        }
    }

    /// After «\»: an escape that stands for one scalar value.
    mutating func parseEscapedScalar() throws(PatternSyntaxError) -> Unicode.Scalar {
        guard let scalar = next() else { throw failure("a `\\` at the end") }
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{0C}"
        case "v": return "\u{0B}"
        case "a": return "\u{07}"
        case "e": return "\u{1B}"
        case "u": return try parseHexadecimal(digits: 4)
        case "x":
            if take("{") {
                let value = try parseHexadecimal(digits: nil)
                guard take("}") else { throw failure("\\x{ without }") }
                return value
            }
            let value = try parseHexadecimal(digits: 2)
            // There it would be a byte of UTF-8, not a scalar value.
            guard value.isASCII else { throw failure("\\x above 7F without {…}") }
            return value
        default:
            if isWordASCII(scalar) { throw failure("the escape \\\(scalar)") }
            return scalar
        }
    }

    private mutating func parseHexadecimal(
        digits: Int?
    ) throws(PatternSyntaxError) -> Unicode.Scalar {
        let wanted = digits ?? 6
        var text = ""
        while text.count < wanted, let scalar = peek(), scalar.properties.isASCIIHexDigit {
            text.unicodeScalars.append(scalar)
            position += 1
        }
        guard !text.isEmpty, digits == nil || text.count == wanted,
            let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value)
        else { throw failure("a bad hexadecimal escape") }
        return scalar
    }
}
