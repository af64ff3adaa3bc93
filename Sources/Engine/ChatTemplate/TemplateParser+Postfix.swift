// What stands behind a value: attributes, subscripts, calls, filters, tests.

import JSON

extension TemplateParser {
    mutating func postfix(_ value: Expression) throws(ChatTemplateError) -> Expression {
        var value = value
        while true {
            switch current.kind {
            case .sign("."): value = try attribute(value)
            case .sign("["): value = try subscripted(value)
            case .sign("("): value = try call(value)
            default: return value
            }
        }
    }

    mutating func filters(_ value: Expression) throws(ChatTemplateError) -> Expression {
        var value = value
        while true {
            switch current.kind {
            case .sign("|"): value = try filter(value)
            case .name("is"): value = try test(value)
            case .sign("("): value = try call(value)
            default: return value
            }
        }
    }

    private mutating func attribute(_ base: Expression) throws(ChatTemplateError) -> Expression {
        advance()
        let token = current
        advance()
        switch token.kind {
        case .name(let name):
            guard !name.hasPrefix("__") else {
                throw .unknown(token.place, kind: "the attribute", name: name)
            }
            if current.kind == .sign("("), !Self.isMethod(name) {
                throw .unknown(token.place, kind: "the method", name: name)
            }
            return try expression(.attribute(base, name), token.place)
        case .integer(let number):
            let position = try expression(.constant(.integer(number)), token.place)
            return try expression(.item(base, position), token.place)
        default: throw .syntax(token.place, "expected a name, found \(token.shown)")
        }
    }

    private static func isMethod(_ name: String) -> Bool {
        StringMethod(rawValue: name) != nil || DictMethod(rawValue: name) != nil
            || name == LoopAttribute.cycle.rawValue
    }

    private mutating func subscripted(_ base: Expression) throws(ChatTemplateError) -> Expression {
        let place = current.place
        advance()
        let from = current.kind == .sign(":") ? nil : try expression()
        if let from, skip(sign: "]") { return try expression(.item(base, from), place) }
        try expect(sign: ":")
        var parts: [Expression?] = []
        repeat {
            let isEmpty = [.sign(":"), .sign("]")].contains(current.kind)
            parts.append(isEmpty ? nil : try expression())
        } while parts.count < 2 && skip(sign: ":")
        try expect(sign: "]")
        let by = parts.count > 1 ? parts[1] : nil
        return try expression(.slice(base, from: from, to: parts[0], by: by), place)
    }

    private mutating func call(_ base: Expression) throws(ChatTemplateError) -> Expression {
        let place = current.place
        return try expression(.call(base, arguments()), place)
    }

    private mutating func arguments() throws(ChatTemplateError) -> Arguments {
        try expect(sign: "(")
        var arguments = Arguments()
        var isFirst = true
        while !skip(sign: ")") {
            if !isFirst {
                try expect(sign: ",")
                if skip(sign: ")") { break }
            }
            isFirst = false
            if case .sign(let sign) = current.kind, sign == "*" || sign == "**" {
                throw .unknown(current.place, kind: "in a call, the sign", name: sign)
            }
            if case .name(let name) = current.kind, following.kind == .sign("=") {
                guard !arguments.named.contains(where: { $0.name == name }) else {
                    throw .syntax(current.place, "\(quoted(name)) is given twice")
                }
                advance()
                advance()
                arguments.named.append((name, try expression()))
            } else {
                guard arguments.named.isEmpty else {
                    throw .syntax(current.place, "a value without a name follows one with a name")
                }
                arguments.positional.append(try expression())
            }
        }
        return arguments
    }

    mutating func filter(_ base: Expression) throws(ChatTemplateError) -> Expression {
        advance()
        let place = current.place
        let name = try dottedName()
        guard let filter = TemplateFilter(rawValue: name) else {
            throw .unknown(place, kind: "the filter", name: name)
        }
        if filter.isMarkup { markups.append((place, name)) }
        let arguments = current.kind == .sign("(") ? try arguments() : Arguments()
        try checkNames(in: arguments, of: filter)
        return try expression(.filter(filter, base, arguments), place)
    }

    /// Some filters are given the names of filters and tests, as strings.
    private func checkNames(
        in arguments: Arguments, of filter: TemplateFilter
    ) throws(ChatTemplateError) {
        let position =
            switch filter {
            case .map, .select, .reject: 0
            case .selectattr, .rejectattr: 1
            default: -1
            }
        guard arguments.positional.indices.contains(position) else { return }
        let argument = arguments.positional[position]
        guard case .constant(.string(let name)) = argument.kind else { return }
        if filter == .map {
            guard TemplateFilter(rawValue: name)?.isMarkup == false else {
                throw .unknown(argument.place, kind: "the filter", name: name)
            }
        } else if TemplateTest(name: name) == nil {
            throw .unknown(argument.place, kind: "the test", name: name)
        }
    }

    private mutating func test(_ base: Expression) throws(ChatTemplateError) -> Expression {
        advance()
        let isNegated = skip(word: "not")
        let place = current.place
        let name = try dottedName()
        guard let test = TemplateTest(name: name) else {
            throw .unknown(place, kind: "the test", name: name)
        }
        var arguments = Arguments()
        if current.kind == .sign("(") {
            arguments = try self.arguments()
        } else if try beginsTestArgument() {
            arguments.positional = [try testArgument()]
        }
        guard arguments.positional.count == test.argumentCount, arguments.named.isEmpty else {
            throw .syntax(place, "the test \(quoted(name)) takes \(test.argumentCount) values")
        }
        let result = try expression(.test(test, base, arguments), place)
        return isNegated ? try expression(.not(result), place) : result
    }

    private func beginsTestArgument() throws(ChatTemplateError) -> Bool {
        switch current.kind {
        case .name("else"), .name("or"), .name("and"): return false
        case .name("is"): throw .syntax(current.place, "tests cannot follow one another")
        case .name, .string, .integer, .float, .sign("["), .sign("{"): return true
        default: return false
        }
    }

    private mutating func dottedName() throws(ChatTemplateError) -> String {
        var name = try expectName()
        while skip(sign: ".") { name += "." + (try expectName()) }
        return name
    }
}
