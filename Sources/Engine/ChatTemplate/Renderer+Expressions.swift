// What expressions are worth.

import JSON

extension Renderer {
    func evaluate(_ expression: Expression) throws(ChatTemplateError) -> Value {
        try spend()
        return try nested { () throws(ChatTemplateError) in try value(of: expression) }
    }

    /// For whatever evaluates to several values.
    func evaluate(_ expressions: [Expression]) throws(ChatTemplateError) -> [Value] {
        var values: [Value] = []
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    func lookUp(_ name: String) -> Value {
        let value = scopes.variable(name, scope).flatMap { variables.value($0) }
        return value ?? .undefined("\(quoted(name)) is not defined")
    }

    private func value(of expression: Expression) throws(ChatTemplateError) -> Value {
        let place = expression.place
        self.place = place
        switch expression.kind {
        case .constant(let constant): return value(of: constant)
        case .name(let name): return lookUp(name)
        case .captured: return .string(captured)
        case .list(let elements): return .list(try held(evaluate(elements)))
        case .tuple(let elements): return .tuple(try held(evaluate(elements)))
        case .dict(let pairs): return try dict(pairs, place)
        case .attribute(let base, let name):
            let base = try evaluate(base)
            self.place = place
            return try attribute(base, name)
        case .item(let base, let key):
            let (base, key) = (try evaluate(base), try evaluate(key))
            self.place = place
            return try item(base, key)
        case .slice(let base, let from, let to, let by):
            return try slice(base, from, to, by, place)
        case .call(let callee, let arguments): return try call(callee, arguments, place)
        case .filter(let filter, let base, let arguments):
            let base = try evaluate(base)
            let given = try evaluate(arguments)
            self.place = place
            return try apply(filter, to: base, given)
        case .test(let test, let base, let arguments):
            let base = try evaluate(base)
            let given = try evaluate(arguments)
            self.place = place
            return .bool(try passes(test, base, given.positional))
        case .not(let base): return .bool(try !evaluate(base).isTrue)
        case .negative(let base), .positive(let base):
            let base = try evaluate(base)
            self.place = place
            if case .negative = expression.kind { return try negative(base) }
            return try positive(base)
        case .arithmetic(let sign, let left, let right):
            let (left, right) = (try evaluate(left), try evaluate(right))
            self.place = place
            return try arithmetic(sign, left, right)
        case .and(let left, let right):
            let left = try evaluate(left)
            return left.isTrue ? try evaluate(right) : left
        case .or(let left, let right):
            let left = try evaluate(left)
            return left.isTrue ? left : try evaluate(right)
        case .compare(let left, let operands): return try compare(left, operands, place)
        case .join(let parts):
            var text = ""
            for part in parts { text += try self.text(of: evaluate(part)) }
            return try made(text)
        case .conditional(let test, let ifTrue, let ifFalse):
            if try evaluate(test).isTrue { return try evaluate(ifTrue) }
            if let ifFalse { return try evaluate(ifFalse) }
            return .undefined("an `if` without `else`, whose condition does not hold,")
        }
    }

    private func value(of constant: Constant) -> Value {
        switch constant {
        case .none: .none
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .float(let number): .float(number)
        case .string(let text): .string(text)
        }
    }

    /// Values that go into a list.
    func held(_ values: [Value]) throws(ChatTemplateError) -> Elements {
        try spend(values.count)
        for value in values { _ = try held(value) }
        return Elements(values)
    }

    private func dict(
        _ pairs: [(key: Expression, value: Expression)], _ place: TextPlace
    ) throws(ChatTemplateError) -> Value {
        var dict = Dict()
        for pair in pairs {
            let (key, value) = (try evaluate(pair.key), try evaluate(pair.value))
            self.place = place
            dict.set(try dictKey(key), key, try held(value))
        }
        return .dict(dict)
    }

    func dictKey(_ key: Value) throws(ChatTemplateError) -> DictKey {
        guard let found = DictKey(key) else { throw failure("\(key.kind) as a key") }
        return found
    }

    private func slice(
        _ base: Expression, _ from: Expression?, _ to: Expression?, _ by: Expression?,
        _ place: TextPlace
    ) throws(ChatTemplateError) -> Value {
        let base = try evaluate(base)
        let (from, to, by) = (try bound(from), try bound(to), try bound(by))
        self.place = place
        return try slice(base, from: from, to: to, by: by)
    }

    /// Nil for what is left out, or none.
    private func bound(_ expression: Expression?) throws(ChatTemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        return try integer(value)
    }

    private func compare(
        _ left: Expression, _ operands: [(sign: ComparisonSign, right: Expression)],
        _ place: TextPlace
    ) throws(ChatTemplateError) -> Value {
        var left = try evaluate(left)
        for operand in operands {
            let right = try evaluate(operand.right)
            self.place = place
            guard try holds(operand.sign, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    private func evaluate(_ arguments: Arguments) throws(ChatTemplateError) -> GivenArguments {
        var given = GivenArguments(positional: try evaluate(arguments.positional))
        for argument in arguments.named {
            given.named.append((argument.name, try evaluate(argument.value)))
        }
        return given
    }

    private func call(
        _ callee: Expression, _ arguments: Arguments, _ place: TextPlace
    ) throws(ChatTemplateError) -> Value {
        let callee = try evaluate(callee)
        let given = try evaluate(arguments)
        self.place = place
        switch callee {
        case .macro(let macro): return try call(macro, given)
        case .function(let function): return try call(function, given)
        case .stringMethod(let text, let method): return try call(method, of: text, given)
        case .dictMethod(let dict, let method): return try call(method, of: dict, given)
        case .loopMethod(let loop):
            guard !given.positional.isEmpty else { throw failure("nothing to cycle through") }
            return given.positional[loop.index0 % given.positional.count]
        case .undefined(let words): throw failure("\(words) and cannot be called")
        default: throw failure("\(callee.kind) cannot be called")
        }
    }
}

/// Arguments of a call, evaluated.
struct GivenArguments {
    var positional: [Value] = []
    var named: [(name: String, value: Value)] = []
}
