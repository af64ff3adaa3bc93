// Which variable a name means at each place. Jinja decides that when it compiles: a name that a
// scope assigns to anywhere is its own from the beginning, with the outer value to start from.

import JSON

/// What a scope does with one of its variables when it is entered.
enum Entry: Sendable {
    /// Assigned by whoever enters.
    case parameter
    /// Taken from what was given to the template.
    case given(String)
    /// A copy of an outer variable.
    case copy(Variable)
    case unset
}

/// A variable by number. A name at a level of nesting has one number all over the template.
typealias Variable = Int

struct Scope: Sendable {
    let parent: ScopeNumber?
    let level: Int
    var variables: [String: Variable] = [:]
    var entries: [Variable: Entry] = [:]
    var assigned: Set<String> = []
}

struct ScopeTable: Sendable {
    private(set) var scopes: [Scope]
    private var numbers: [LeveledName: Variable] = [:]

    private struct LeveledName: Hashable {
        let level: Int
        let name: String
    }

    /// Number of the template's own scope.
    static let root: ScopeNumber = 0

    init(_ body: [Statement], scopeCount: Int) throws(ChatTemplateError) {
        scopes = Array(repeating: Scope(parent: nil, level: 0), count: scopeCount)
        for statement in body { visit(statement, Self.root) }
        try resolve(body, Self.root)
    }

    func variable(_ name: String, _ scope: ScopeNumber) -> Variable? {
        var next: ScopeNumber? = scope
        while let number = next {
            if let variable = scopes[number].variables[name] { return variable }
            next = scopes[number].parent
        }
        return nil
    }

    private func outer(_ name: String, _ scope: ScopeNumber) -> Variable? {
        scopes[scope].parent.flatMap { variable(name, $0) }
    }

    // MARK: - What a scope's own statements do, inner scopes left out

    private mutating func define(_ name: String, _ scope: ScopeNumber, _ entry: Entry) {
        let key = LeveledName(level: scopes[scope].level, name: name)
        let variable = numbers[key] ?? numbers.count
        numbers[key] = variable
        scopes[scope].variables[name] = variable
        scopes[scope].entries[variable] = entry
    }

    private mutating func read(_ name: String, _ scope: ScopeNumber) {
        if variable(name, scope) == nil { define(name, scope, .given(name)) }
    }

    private mutating func assign(_ name: String, _ scope: ScopeNumber) {
        scopes[scope].assigned.insert(name)
        guard scopes[scope].variables[name] == nil else { return }
        define(name, scope, outer(name, scope).map { .copy($0) } ?? .unset)
    }

    private mutating func declare(_ name: String, _ scope: ScopeNumber) {
        scopes[scope].assigned.insert(name)
        define(name, scope, .parameter)
    }

    private mutating func visit(_ expression: Expression, _ scope: ScopeNumber) {
        if case .name(let name) = expression.kind { read(name, scope) }
        for child in expression.children { visit(child, scope) }
    }

    private mutating func visit(_ target: Target, _ scope: ScopeNumber, declares: Bool = false) {
        switch target {
        case .name(let name, _): declares ? declare(name, scope) : assign(name, scope)
        case .attribute(let name, _, _): read(name, scope)
        case .tuple(let targets, _):
            for target in targets { visit(target, scope, declares: declares) }
        }
    }

    private mutating func visit(_ statement: Statement, _ scope: ScopeNumber) {
        switch statement {
        case .text, .generation, .leave, .goOn: break
        case .output(let value): visit(value, scope)
        case .set(let target, let value):
            visit(value, scope)
            visit(target, scope)
        case .setBlock(let target, _, _, _): visit(target, scope)
        case .branch(let branches, let otherwise): visit(branches[...], otherwise, scope)
        case .loop(let loop): visit(loop.sequence, scope)
        case .macro(let macro): assign(macro.name, scope)
        }
    }

    /// Each branch is looked at as if it were the only one. What one of them alone assigns may be
    /// read behind: it has its outer value until then.
    private mutating func visit(
        _ branches: ArraySlice<(test: Expression, body: [Statement])>, _ otherwise: [Statement],
        _ scope: ScopeNumber
    ) {
        guard let first = branches.first else { return }
        visit(first.test, scope)
        let before = scopes[scope]
        var merged = before
        let others = branches.dropFirst()
        for part in 0..<3 {
            scopes[scope] = before
            switch part {
            case 0: for statement in first.body { visit(statement, scope) }
            case 1: for index in others.indices { visit(others[index...index], [], scope) }
            default: for statement in otherwise { visit(statement, scope) }
            }
            let after = scopes[scope]
            merged.variables.merge(after.variables) { _, new in new }
            merged.entries.merge(after.entries) { _, new in new }
            merged.assigned.formUnion(after.assigned)
        }
        scopes[scope] = merged
        for name in merged.assigned.subtracting(before.assigned) {
            guard let variable = merged.variables[name] else { continue }
            scopes[scope].entries[variable] =
                outer(name, scope).map { .copy($0) } ?? .given(name)
        }
    }

    // MARK: - Inner scopes, when all of the outer one is known

    private mutating func enter(_ scope: ScopeNumber, from parent: ScopeNumber) {
        scopes[scope] = Scope(parent: parent, level: scopes[parent].level + 1)
    }

    private mutating func resolve(
        _ body: [Statement], _ scope: ScopeNumber
    ) throws(ChatTemplateError) {
        for statement in body { try resolve(statement, scope) }
    }

    private mutating func resolve(
        _ statement: Statement, _ scope: ScopeNumber
    ) throws(ChatTemplateError) {
        switch statement {
        case .text, .leave, .goOn: break
        case .output(let value), .set(_, let value): try checkCalls(value, scope)
        case .setBlock(_, let value, let body, let inner):
            enter(inner, from: scope)
            for statement in body { visit(statement, inner) }
            visit(value, inner)
            try checkCalls(value, inner)
            try resolve(body, inner)
        case .branch(let branches, let otherwise):
            for branch in branches {
                try checkCalls(branch.test, scope)
                try resolve(branch.body, scope)
            }
            try resolve(otherwise, scope)
        case .loop(let loop): try resolve(loop, scope)
        case .macro(let macro):
            enter(macro.scope, from: scope)
            for parameter in macro.parameters { declare(parameter.name, macro.scope) }
            for case let value? in macro.parameters.map(\.value) { visit(value, macro.scope) }
            for statement in macro.body { visit(statement, macro.scope) }
            for case let value? in macro.parameters.map(\.value) {
                try checkCalls(value, macro.scope)
            }
            try resolve(macro.body, macro.scope)
        case .generation(let body, let inner):
            enter(inner, from: scope)
            for statement in body { visit(statement, inner) }
            try resolve(body, inner)
        }
    }

    private mutating func resolve(
        _ loop: Loop, _ scope: ScopeNumber
    ) throws(ChatTemplateError) {
        try checkCalls(loop.sequence, scope)
        enter(loop.bodyScope, from: scope)
        declare("loop", loop.bodyScope)
        visit(loop.target, loop.bodyScope, declares: true)
        for statement in loop.body { visit(statement, loop.bodyScope) }
        enter(loop.otherwiseScope, from: scope)
        for statement in loop.otherwise { visit(statement, loop.otherwiseScope) }
        enter(loop.testScope, from: scope)
        visit(loop.target, loop.testScope, declares: true)
        if let test = loop.test {
            visit(test, loop.testScope)
            try checkCalls(test, loop.testScope)
        }
        try resolve(loop.body, loop.bodyScope)
        try resolve(loop.otherwise, loop.otherwiseScope)
    }

    /// What is called by a name that the template never assigns to is a function of ours.
    private func checkCalls(
        _ expression: Expression, _ scope: ScopeNumber
    ) throws(ChatTemplateError) {
        if case .call(let callee, _) = expression.kind, case .name(let name) = callee.kind,
            TemplateFunction(rawValue: name) == nil, !isAssigned(name, scope)
        {
            throw .unknown(callee.place, kind: "the function", name: name)
        }
        for child in expression.children { try checkCalls(child, scope) }
    }

    private func isAssigned(_ name: String, _ scope: ScopeNumber) -> Bool {
        var next: ScopeNumber? = scope
        while let number = next {
            if scopes[number].assigned.contains(name) { return true }
            next = scopes[number].parent
        }
        return false
    }
}
