// A parsed template: expressions and statements, each with its place.

import JSON

/// An expression that gives a value.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case constant(Constant)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case dict([(key: Expression, value: Expression)])
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, from: Expression?, to: Expression?, by: Expression?)
        case call(Expression, Arguments)
        case filter(TemplateFilter, Expression, Arguments)
        case test(TemplateTest, Expression, Arguments)
        case not(Expression)
        case negative(Expression)
        case positive(Expression)
        case arithmetic(ArithmeticSign, Expression, Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case compare(Expression, [(sign: ComparisonSign, right: Expression)])
        case join([Expression])
        case conditional(Expression, ifTrue: Expression, ifFalse: Expression?)
        /// What a block has written, given to filters behind `set`.
        case captured
    }

    let kind: Kind
    let place: TextPlace
    /// Expressions on top of one another, this one included.
    let depth: Int

    /// All expressions right below this one, in the order of evaluation.
    var children: [Expression] {
        switch kind {
        case .constant, .name, .captured: []
        case .list(let elements), .tuple(let elements), .join(let elements): elements
        case .dict(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .attribute(let base, _), .not(let base), .negative(let base), .positive(let base):
            [base]
        case .item(let left, let right), .arithmetic(_, let left, let right),
            .and(let left, let right), .or(let left, let right):
            [left, right]
        case .slice(let base, let from, let to, let by):
            [base] + [from, to, by].compactMap(\.self)
        case .call(let base, let arguments), .filter(_, let base, let arguments),
            .test(_, let base, let arguments):
            [base] + arguments.all
        case .compare(let left, let operands): [left] + operands.map(\.right)
        case .conditional(let test, let ifTrue, let ifFalse):
            [test, ifTrue] + [ifFalse].compactMap(\.self)
        }
    }
}

enum Constant: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
}

struct Arguments: Sendable {
    var positional: [Expression] = []
    var named: [(name: String, value: Expression)] = []

    var all: [Expression] { positional + named.map(\.value) }
}

enum ArithmeticSign: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case divideDown = "//"
    case remainder = "%"
    case power = "**"
}

enum ComparisonSign: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// What a value is assigned to.
indirect enum Target: Sendable {
    case name(String, TextPlace)
    /// An attribute of a namespace.
    case attribute(of: String, String, TextPlace)
    case tuple([Target], TextPlace)
}

/// The number of a scope: whatever has variables of its own (`ScopeTable`).
typealias ScopeNumber = Int

indirect enum Statement: Sendable {
    case text(String, TextPlace)
    case output(Expression)
    case set(Target, Expression)
    /// `value` is made of `.captured`.
    case setBlock(Target, value: Expression, body: [Statement], ScopeNumber)
    case branch([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case macro(Macro)
    /// `{% generation %}`: what the assistant wrote, which is rendered as everything else.
    case generation([Statement], ScopeNumber)
    case leave(TextPlace)
    case goOn(TextPlace)
}

struct Loop: Sendable {
    let target: Target
    let sequence: Expression
    let test: Expression?
    let body: [Statement]
    let otherwise: [Statement]
    let bodyScope: ScopeNumber
    let testScope: ScopeNumber
    let otherwiseScope: ScopeNumber
    let place: TextPlace
}

struct Macro: Sendable {
    let name: String
    let parameters: [(name: String, value: Expression?)]
    let body: [Statement]
    let scope: ScopeNumber
    let place: TextPlace
}
