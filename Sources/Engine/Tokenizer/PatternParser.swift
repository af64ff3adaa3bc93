// Reads the regular expressions of tokenizer.json: the part of Oniguruma's Ruby syntax in use.
//
// The result is a pattern over sets of scalar values. Whatever means something else in Ruby's
// syntax than in PCRE2's, or is not needed by any known tokenizer, is refused with its name.
// Source: Oniguruma doc/RE (syntax and quantifiers); behaviour checked against the library.

import JSON

struct PatternParser {
    /// Longest known pattern: 500 characters.
    static let scalarsMax = 10_000
    /// Groups and bracket classes inside one another.
    static let depthMax = 50
    static let repeatMax = 1_000

    let scalars: [Unicode.Scalar]
    var position = 0
    var depth = 0
    var caseless = false
    /// The letter before, if it is to be matched in both cases: see `refuseFoldedPair`.
    private var previousCaselessLetter: Unicode.Scalar?
    private var result = ParsedPattern()

    static func parse(_ pattern: String) throws(PatternSyntaxError) -> ParsedPattern {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        guard parser.scalars.count <= scalarsMax else {
            throw PatternSyntaxError(reason: "it is longer than \(scalarsMax) characters")
        }
        try parser.parseAlternatives()
        guard parser.position == parser.scalars.count else { throw parser.failure("a stray `)`") }
        return parser.result
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    // MARK: Alternatives, groups, quantifiers

    /// Up to the end, or to the «)» of the group (which is left for the caller).
    private mutating func parseAlternatives() throws(PatternSyntaxError) {
        depth += 1
        guard depth <= Self.depthMax else { throw failure("groups nested too deeply") }
        let outerCaseless = caseless
        // A bare (?i) is the same in Ruby and in PCRE2 only at the start of its group.
        if take("(?i)") { caseless = true }
        previousCaselessLetter = nil
        while let scalar = peek(), scalar != ")" {
            if take("|") {
                result.append("|")
                previousCaselessLetter = nil
            } else {
                try parseItem()
            }
        }
        caseless = outerCaseless
        depth -= 1
    }

    private mutating func parseItem() throws(PatternSyntaxError) {
        guard let scalar = next() else { return }
        let newline = ScalarSet(0x0A)
        switch scalar {
        case "(": try parseGroup()
        case "[": result.append(try parseClass())
        case ".": result.append(newline.inverted)
        case "\\": try parseEscape()
        case "^":  // After every newline, but not at the very end.
            result.append("(?:\\A|(?<=")
            result.append(newline)
            result.append(")(?!\\z))")
        case "$":
            result.append("(?=")
            result.append(newline)
            result.append("|\\z)")
        case "*", "+", "?", "{": throw failure("`\(scalar)` with nothing to repeat")
        default:
            try appendLiteral(scalar)
            return try parseQuantifier()
        }
        previousCaselessLetter = nil
        try parseQuantifier()
    }

    /// After «(». Capturing groups become plain groups: nothing refers to them.
    private mutating func parseGroup() throws(PatternSyntaxError) {
        let outerCaseless = caseless
        var opening = "(?:"
        if take("?:") {
        } else if take("?=") {
            opening = "(?="
        } else if take("?!") {
            opening = "(?!"
        } else if take("?<=") {
            opening = "(?<="
        } else if take("?<!") {
            opening = "(?<!"
        } else if take("?>") {
            opening = "(?>"
        } else if take("?i:") {
            caseless = true
        } else if take("?-i:") {
            caseless = false
        } else if take("?<") {
            while let scalar = next(), scalar != ">" {
                guard isWordASCII(scalar) else { throw failure("a bad group name") }
            }
        } else if peek() == "?" || peek() == "*" {
            throw failure("an option or group other than (?: (?i: (?-i: (?= (?! (?<= (?<! (?>")
        }
        result.append(opening)
        try parseAlternatives()
        guard next() == ")" else { throw failure("a `(` without its `)`") }
        result.append(")")
        caseless = outerCaseless
    }

    private mutating func parseQuantifier() throws(PatternSyntaxError) {
        guard let scalar = peek() else { return }
        var text: String
        switch scalar {
        case "*", "+", "?":
            position += 1
            text = String(Character(scalar))
            // *? is lazy and *+ possessive, in Ruby and in PCRE2.
            if let mode = peek(), mode == "?" || mode == "+" {
                position += 1
                text += String(Character(mode))
            }
        case "{":
            position += 1
            text = try parseInterval()
            if peek() == "+" { throw failure("`+` after {..}: Ruby repeats, PCRE2 is possessive") }
            if take("?") {
                guard text.contains(",") else {
                    throw failure("{n}?: Ruby makes it optional, PCRE2 lazy")
                }
                text += "?"
            }
        default: return
        }
        previousCaselessLetter = nil
        result.append(text)
        if let again = peek(), "*+?{".unicodeScalars.contains(again) {
            throw failure("a quantifier of a quantifier; put the inner one into (?:…)")
        }
    }

    private mutating func parseInterval() throws(PatternSyntaxError) -> String {
        let least = try parseNumber()
        let isRange = take(",")
        let most = isRange ? try parseNumber() : nil
        guard take("}"), least != nil || most != nil else {
            throw failure("a `{` that starts no {n}, {n,}, {,m} or {n,m}; write \\{")
        }
        if let least, let most, least > most { throw failure("{n,m} with n > m") }
        return "{\(least ?? 0)\(isRange ? "," : "")\(most.map { "\($0)" } ?? "")}"
    }

    private mutating func parseNumber() throws(PatternSyntaxError) -> Int? {
        var number: Int?
        while let scalar = peek(), let digit = Character(scalar).wholeNumberValue,
            scalar.isASCII
        {
            position += 1
            number = (number ?? 0) * 10 + digit
            guard number ?? 0 <= Self.repeatMax else {
                throw failure("more than \(Self.repeatMax) repetitions")
            }
        }
        return number
    }

    // MARK: Single characters

    private mutating func appendLiteral(_ scalar: Unicode.Scalar) throws(PatternSyntaxError) {
        var set = ScalarSet(scalar.value)
        if caseless {
            try refuseFoldedPair(previousCaselessLetter, scalar)
            set = try bothCases(of: set)
        }
        previousCaselessLetter = caseless ? scalar : nil
        result.append(set)
    }

    /// Oniguruma lets (?i:ss) match «ß», and so on; single sets cannot say that.
    private func refuseFoldedPair(
        _ first: Unicode.Scalar?, _ second: Unicode.Scalar
    ) throws(PatternSyntaxError) {
        guard let first else { return }
        let pair = String(String.UnicodeScalarView([first, second])).lowercased()
        if ["ss", "ff", "fi", "fl", "st"].contains(pair) {
            throw failure("(?i) over \(quoted(pair)), which also matches a single letter")
        }
    }

    /// Adds the other case of every letter. Only for ASCII, whose only foreign relatives are
    /// U+017F (s) and U+212A (k).
    func bothCases(of set: ScalarSet) throws(PatternSyntaxError) -> ScalarSet {
        let ascii = ScalarSet(0...0x7F)
        guard set.subtracting(ascii) == .empty else {
            throw failure("(?i) over characters beyond ASCII")
        }
        var all = set
        for lower in UInt32(0x61)...0x7A where set.contains(lower) || set.contains(lower - 32) {
            all = all.union(ScalarSet(lower)).union(ScalarSet(lower - 32))
            if lower == 0x73 { all = all.union(ScalarSet(0x17F)) }
            if lower == 0x6B { all = all.union(ScalarSet(0x212A)) }
        }
        return all
    }

    /// After «\», outside a class.
    private mutating func parseEscape() throws(PatternSyntaxError) {
        let word = UnicodeClasses.word
        if take("A") || take("z") {
            result.append(scalars[position - 1] == "A" ? "\\A" : "\\z")
        } else if take("Z") {
            result.append("(?=")
            result.append(ScalarSet(0x0A))
            result.append("?\\z)")
        } else if take("b") || take("B") {
            let isBoundary = scalars[position - 1] == "b"
            for part in isBoundary ? ["(?:(?<=", ")(?!"] : ["(?:(?<=", ")(?="] {
                result.append(part)
                result.append(word)
            }
            for part in isBoundary ? [")|(?<!", ")(?="] : [")|(?<!", ")(?!"] {
                result.append(part)
                result.append(word)
            }
            result.append("))")
        } else if let set = try parseEscapedSet(inBrackets: false) {
            if caseless { throw failure("a class escape inside (?i)") }
            result.append(set)
        } else {
            try appendLiteral(try parseEscapedScalar())
        }
    }

    // MARK: The text

    func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        position + ahead < scalars.count ? scalars[position + ahead] : nil
    }

    mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        position += 1
        return scalar
    }

    mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars
        guard scalars[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    func isWordASCII(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            || scalar == "_"
    }

    func failure(_ what: String) -> PatternSyntaxError {
        PatternSyntaxError(reason: "\(what), at character \(position)")
    }
}
