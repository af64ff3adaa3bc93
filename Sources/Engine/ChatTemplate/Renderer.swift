// Carries out a template's statements.

import JSON

final class Renderer {
    let scopes: ScopeTable
    let given: [String: Value]
    let date: TemplateDate?
    /// What is carried out now, for errors.
    var place = TextPlace(line: 1, column: 1)
    var variables = Variables()
    var scope = ScopeTable.root
    /// What the block behind `set` has written, while its filters run.
    var captured = ""
    private var output = ""
    private var stepsLeft = TemplateLimits.stepsMax
    private var depth = 0
    private var withMacros: [Variables] = []

    enum Flow { case next, leave, goOn }

    init(scopes: ScopeTable, given: [String: Value], date: TemplateDate?) {
        self.scopes = scopes
        self.given = given
        self.date = date
    }

    func render(_ body: [Statement]) throws(ChatTemplateError) -> String {
        // Macros and the variables that they stand in hold on to each other.
        defer { for variables in withMacros { variables.clear() } }
        enter(ScopeTable.root)
        _ = try run(body)
        return output
    }

    // MARK: - Limits

    func failure(_ words: String) -> ChatTemplateError { .evaluation(place, words) }

    func spend(_ steps: Int = 1) throws(ChatTemplateError) {
        stepsLeft -= steps
        guard stepsLeft >= 0 else {
            throw failure("it takes more than \(TemplateLimits.stepsMax) steps; does it end?")
        }
    }

    func nested<Result>(
        _ body: () throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TemplateLimits.runDepthMax else {
            throw failure("it calls itself more than \(TemplateLimits.runDepthMax) levels deep")
        }
        return try body()
    }

    /// Pays for a string before it is made, or after.
    func checkText(bytes: Int) throws(ChatTemplateError) {
        guard bytes <= TemplateLimits.textBytesMax else {
            throw failure("a text of more than \(TemplateLimits.textBytesMax) bytes")
        }
        try spend(bytes / 16)
    }

    private func write(_ text: String) throws(ChatTemplateError) {
        try checkText(bytes: text.utf8.count)
        output += text
        guard output.utf8.count <= TemplateLimits.textBytesMax else {
            throw failure("more than \(TemplateLimits.textBytesMax) bytes of output")
        }
    }

    /// What `body` writes, for a block or a macro.
    func captureOutput(
        _ body: () throws(ChatTemplateError) -> Flow
    ) throws(ChatTemplateError) -> (text: String, flow: Flow) {
        let before = output
        output = ""
        defer { output = before }
        let flow = try body()
        return (output, flow)
    }

    // MARK: - Scopes

    private func enter(_ number: ScopeNumber) {
        scope = number
        for (variable, entry) in scopes.scopes[number].entries {
            switch entry {
            case .parameter: break
            case .given(let name): variables.set(variable, given[name] ?? function(name))
            case .copy(let outer): variables.set(variable, variables.value(outer))
            case .unset: variables.set(variable, nil)
            }
        }
    }

    private func function(_ name: String) -> Value? {
        TemplateFunction(rawValue: name).map { .function($0) }
    }

    /// Runs `body` in a scope of its own.
    func inScope<Result>(
        _ number: ScopeNumber, _ variables: Variables? = nil,
        _ body: () throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        let before = (scope, self.variables)
        defer { (scope, self.variables) = before }
        if let variables { self.variables = variables }
        enter(number)
        return try body()
    }

    func set(_ name: String, _ value: Value?) {
        guard let variable = scopes.variable(name, scope) else { return }
        variables.set(variable, value)
    }

    // MARK: - Statements

    func run(_ body: [Statement]) throws(ChatTemplateError) -> Flow {
        for statement in body {
            let flow = try nested { () throws(ChatTemplateError) in try run(statement) }
            if flow != .next { return flow }
        }
        return .next
    }

    private func run(_ statement: Statement) throws(ChatTemplateError) -> Flow {
        try spend()
        switch statement {
        case .text(let text, let place):
            self.place = place
            try write(text)
        case .output(let value): try write(text(of: evaluate(value)))
        case .set(let target, let value):
            try checkNamespaces(target)
            try assign(evaluate(value), to: target)
        case .setBlock(let target, let value, let body, let inner):
            return try runSetBlock(target, value, body, inner)
        case .branch(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrue {
                return try run(branch.body)
            }
            return try run(otherwise)
        case .loop(let loop): return try run(loop)
        case .macro(let macro):
            if withMacros.last !== variables { withMacros.append(variables) }
            set(macro.name, .macro(MacroValue(macro, in: variables)))
        case .generation(let body, let inner):
            return try inScope(inner) { () throws(ChatTemplateError) in try run(body) }
        case .leave: return .leave
        case .goOn: return .goOn
        }
        return .next
    }

    private func runSetBlock(
        _ target: Target, _ value: Expression, _ body: [Statement], _ inner: ScopeNumber
    ) throws(ChatTemplateError) -> Flow {
        try checkNamespaces(target)
        var result: Value?
        let flow = try inScope(inner) { () throws(ChatTemplateError) in
            let (text, flow) = try captureOutput { () throws(ChatTemplateError) in
                try run(body)
            }
            if flow == .next {
                captured = text
                result = try evaluate(value)
            }
            return flow
        }
        if let result { try assign(result, to: target) }
        return flow
    }

    private func run(_ loop: Loop) throws(ChatTemplateError) -> Flow {
        let source = try source(of: evaluate(loop.sequence))
        let test = loop.test
        let outer = (scope, variables)
        let state = LoopState { () throws(ChatTemplateError) in
            while let value = source() {
                guard let test else { return value }
                let before = (self.scope, self.variables)
                (self.scope, self.variables) = outer
                defer { (self.scope, self.variables) = before }
                let isIn = try self.inScope(
                    loop.testScope, Variables(in: outer.1)
                ) { () throws(ChatTemplateError) in
                    try self.assign(value, to: loop.target)
                    return try self.evaluate(test).isTrue
                }
                if isIn { return value }
            }
            return nil
        }
        defer { state.finish() }
        // As Jinja counts: a pass that `break` or `continue` cut short is none.
        var hasPassed = false
        while let value = try state.advance() {
            try spend()
            let flow = try inScope(loop.bodyScope) { () throws(ChatTemplateError) in
                place = loop.place
                try assign(value, to: loop.target)
                set("loop", .loop(state))
                return try run(loop.body)
            }
            if flow == .leave { break }
            if flow == .next { hasPassed = true }
        }
        if hasPassed { return .next }
        return try inScope(loop.otherwiseScope) { () throws(ChatTemplateError) in
            try run(loop.otherwise)
        }
    }

    // MARK: - Assignment

    private func checkNamespaces(_ target: Target) throws(ChatTemplateError) {
        switch target {
        case .name: break
        case .tuple(let targets, _): for target in targets { try checkNamespaces(target) }
        case .attribute(let name, _, let place):
            self.place = place
            guard case .namespace = lookUp(name) else {
                throw failure("\(quoted(name)) is no namespace, whose attributes can be set")
            }
        }
    }

    private func assign(_ value: Value, to target: Target) throws(ChatTemplateError) {
        switch target {
        case .name(let name, _): set(name, value)
        case .attribute(let name, let attribute, let place):
            self.place = place
            guard case .namespace(let namespace) = lookUp(name) else { return }
            namespace.attributes[attribute] = try held(value)
        case .tuple(let targets, let place):
            self.place = place
            let values = try elements(of: value)
            guard values.count == targets.count else {
                throw failure("\(targets.count) names for \(values.count) values")
            }
            for (target, value) in zip(targets, values) { try assign(value, to: target) }
        }
    }

    /// A value that is put into another one: it may hold no namespace, so that none holds itself,
    /// and not be nested too deep.
    func held(_ value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .namespace, .loop, .loopMethod: throw failure("\(value.kind) within another value")
        default: break
        }
        guard value.depth < TemplateLimits.valueDepthMax else {
            throw failure("values nested more than \(TemplateLimits.valueDepthMax) deep")
        }
        return value
    }
}
