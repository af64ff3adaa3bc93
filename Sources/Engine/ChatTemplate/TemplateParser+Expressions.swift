// Expressions, with Jinja's precedence: filters bind tighter than arithmetic, and looser than the
// minus in front of a number.

import JSON

extension TemplateParser {
    func expression(
        _ kind: Expression.Kind, _ place: TextPlace
    ) throws(ChatTemplateError) -> Expression {
        let children = Expression(kind: kind, place: place, depth: 0).children
        let depth = 1 + (children.map(\.depth).max() ?? 0)
        guard depth <= TemplateLimits.expressionDepthMax else {
            throw .syntax(
                place, "more than \(TemplateLimits.expressionDepthMax) operations in a row")
        }
        return Expression(kind: kind, place: place, depth: depth)
    }

    /// One expression, or several with commas: a tuple.
    mutating func expressionOrTuple(
        allowsConditional: Bool = true, until word: String? = nil, inBrackets: Bool = false
    ) throws(ChatTemplateError) -> Expression {
        let place = current.place
        var elements: [Expression] = []
        var isTuple = false
        while !isTupleEnd(word) {
            elements.append(try allowsConditional ? expression() : or())
            guard skip(sign: ",") else { break }
            isTuple = true
        }
        if !isTuple, let only = elements.first { return only }
        guard isTuple || inBrackets else { throw unexpected("an expression") }
        return try expression(.tuple(elements), place)
    }

    private func isTupleEnd(_ word: String?) -> Bool {
        switch current.kind {
        case .outputEnd, .tagEnd, .sign(")"): true
        case .name(let name): name == word
        default: false
        }
    }

    mutating func expression() throws(ChatTemplateError) -> Expression {
        try nested { (parser) throws(ChatTemplateError) in try parser.conditional() }
    }

    private mutating func conditional() throws(ChatTemplateError) -> Expression {
        var value = try or()
        while skip(word: "if") {
            let test = try or()
            let other = skip(word: "else") ? try expression() : nil
            value = try expression(
                .conditional(test, ifTrue: value, ifFalse: other), value.place)
        }
        return value
    }

    private mutating func or() throws(ChatTemplateError) -> Expression {
        var left = try and()
        while skip(word: "or") { left = try expression(.or(left, and()), left.place) }
        return left
    }

    private mutating func and() throws(ChatTemplateError) -> Expression {
        var left = try not()
        while skip(word: "and") { left = try expression(.and(left, not()), left.place) }
        return left
    }

    private mutating func not() throws(ChatTemplateError) -> Expression {
        let place = current.place
        guard skip(word: "not") else { return try comparison() }
        return try nested { (parser) throws(ChatTemplateError) in
            try parser.expression(.not(parser.not()), place)
        }
    }

    private mutating func comparison() throws(ChatTemplateError) -> Expression {
        let left = try sum()
        var operands: [(sign: ComparisonSign, right: Expression)] = []
        while let sign = comparisonSign() { operands.append((sign, try sum())) }
        return operands.isEmpty ? left : try expression(.compare(left, operands), left.place)
    }

    private mutating func comparisonSign() -> ComparisonSign? {
        if case .sign(let spelling) = current.kind,
            let sign = ComparisonSign(rawValue: spelling)
        {
            advance()
            return sign
        }
        if skip(word: "in") { return .isIn }
        guard case .name("not") = current.kind, case .name("in") = following.kind else {
            return nil
        }
        advance()
        advance()
        return .isNotIn
    }

    private mutating func sum() throws(ChatTemplateError) -> Expression {
        var left = try joined()
        while let sign = arithmeticSign([.add, .subtract]) {
            left = try expression(.arithmetic(sign, left, joined()), left.place)
        }
        return left
    }

    private mutating func joined() throws(ChatTemplateError) -> Expression {
        var parts = [try product()]
        while skip(sign: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try expression(.join(parts), parts[0].place)
    }

    private mutating func product() throws(ChatTemplateError) -> Expression {
        var left = try power()
        while let sign = arithmeticSign([.multiply, .divide, .divideDown, .remainder]) {
            left = try expression(.arithmetic(sign, left, power()), left.place)
        }
        return left
    }

    private mutating func power() throws(ChatTemplateError) -> Expression {
        var left = try unary()
        while arithmeticSign([.power]) != nil {
            left = try expression(.arithmetic(.power, left, unary()), left.place)
        }
        return left
    }

    private mutating func arithmeticSign(_ wanted: [ArithmeticSign]) -> ArithmeticSign? {
        guard case .sign(let spelling) = current.kind,
            let sign = ArithmeticSign(rawValue: spelling), wanted.contains(sign)
        else { return nil }
        advance()
        return sign
    }

    private mutating func unary(allowsFilters: Bool = true) throws(ChatTemplateError) -> Expression
    {
        let place = current.place
        var value: Expression
        if skip(sign: "-") {
            value = try nested { (parser) throws(ChatTemplateError) in
                try parser.expression(.negative(parser.unary(allowsFilters: false)), place)
            }
        } else if skip(sign: "+") {
            value = try nested { (parser) throws(ChatTemplateError) in
                try parser.expression(.positive(parser.unary(allowsFilters: false)), place)
            }
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return allowsFilters ? try filters(value) : value
    }

    /// What a test is held against, where it stands without brackets.
    mutating func testArgument() throws(ChatTemplateError) -> Expression {
        try postfix(primary())
    }

    private mutating func primary() throws(ChatTemplateError) -> Expression {
        let token = current
        switch token.kind {
        case .name(let name):
            advance()
            return try named(name, token.place)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try expression(.constant(.string(text)), token.place)
        case .integer(let value):
            advance()
            return try expression(.constant(.integer(value)), token.place)
        case .float(let value):
            advance()
            return try expression(.constant(.float(value)), token.place)
        case .sign("("):
            advance()
            let inner = try expressionOrTuple(inBrackets: true)
            try expect(sign: ")")
            return inner
        case .sign("["):
            advance()
            let elements = try elements(until: "]") { (parser) throws(ChatTemplateError) in
                try parser.expression()
            }
            return try expression(.list(elements), token.place)
        case .sign("{"):
            advance()
            let pairs = try elements(until: "}") { (parser) throws(ChatTemplateError) in
                let key = try parser.expression()
                try parser.expect(sign: ":")
                return (key: key, value: try parser.expression())
            }
            return try expression(.dict(pairs), token.place)
        default: throw unexpected("a value")
        }
    }

    private func named(
        _ name: String, _ place: TextPlace
    ) throws(ChatTemplateError) -> Expression {
        switch name {
        case "true", "True": return try expression(.constant(.bool(true)), place)
        case "false", "False": return try expression(.constant(.bool(false)), place)
        case "none", "None": return try expression(.constant(.none), place)
        default:
            let isSpecial = PythonAttributes.special.contains(name)
            guard !name.hasPrefix("__"), !isSpecial else {
                throw .unknown(place, kind: "the name", name: name)
            }
            return try expression(.name(name), place)
        }
    }

    /// Elements with commas between them, and one behind the last if they like.
    private mutating func elements<Element>(
        until end: String,
        _ parse: (inout TemplateParser) throws(ChatTemplateError) -> Element
    ) throws(ChatTemplateError) -> [Element] {
        var elements: [Element] = []
        while !skip(sign: end) {
            if !elements.isEmpty {
                try expect(sign: ",")
                if skip(sign: end) { break }
            }
            elements.append(try parse(&self))
        }
        return elements
    }
}
