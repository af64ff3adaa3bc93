// What expressions give: Python's values, as far as templates need them.

import JSON

enum Value {
    /// With what is missing, in words.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list(Elements)
    case tuple(Elements)
    case dict(Dict)
    case range(Elements, shown: String)
    /// What `items()`, `keys()` and `values()` of a dict give.
    case view(DictMethod, Elements)
    case iterator(Iterator)
    case namespace(Namespace)
    case macro(MacroValue)
    case function(TemplateFunction)
    case stringMethod(String, StringMethod)
    case dictMethod(Dict, DictMethod)
    case loop(LoopState)
    case loopMethod(LoopState)
}

/// Values in a row; never changed once made.
struct Elements {
    let values: [Value]
    /// Lists and dicts within one another, this one included.
    let depth: Int

    init(_ values: [Value]) {
        self.values = values
        depth = 1 + (values.lazy.map(\.depth).max() ?? 0)
    }
}

/// A dict keeps the order of its keys; of equal keys the last value counts, in the first place.
struct Dict {
    private(set) var keys: [Value] = []
    private(set) var values: [Value] = []
    private var places: [DictKey: Int] = [:]
    private(set) var depth = 1

    var count: Int { keys.count }
    var pairs: [Value] { zip(keys, values).map { .tuple(Elements([$0, $1])) } }

    func value(_ key: DictKey) -> Value? { places[key].map { values[$0] } }

    mutating func set(_ key: DictKey, _ shown: Value, _ value: Value) {
        depth = max(depth, 1 + value.depth)
        if let place = places[key] {
            values[place] = value
        } else {
            places[key] = keys.count
            keys.append(shown)
            values.append(value)
        }
    }
}

/// What tells keys apart: 1, 1.0 and true are one key, as in Python.
enum DictKey: Hashable {
    case none
    case string(ExactString)
    case number(Double)

    /// Nil for what cannot be looked up by: lists, dicts, tuples.
    init?(_ value: Value) {
        switch value {
        case .none: self = .none
        case .string(let text): self = .string(ExactString(text))
        case .bool(let flag): self = .number(flag ? 1 : 0)
        case .integer(let number): self = .number(Double(number))
        case .float(let number): self = .number(number)
        default: return nil
        }
    }
}

/// What filters such as `map` give: it can be gone through once.
final class Iterator {
    private var values: ArraySlice<Value>

    init(_ values: [Value]) { self.values = values[...] }

    func next() -> Value? { values.popFirst() }

    func rest() -> [Value] {
        defer { values = [] }
        return Array(values)
    }
}

/// The one thing that a template can change.
final class Namespace {
    var attributes: [String: Value] = [:]
}

/// A macro, and the variables around it.
final class MacroValue {
    let macro: Macro
    let surroundings: Variables

    init(_ macro: Macro, in surroundings: Variables) {
        self.macro = macro
        self.surroundings = surroundings
    }
}

/// The variables of the template itself, or of one call of a macro.
final class Variables {
    /// Nil for what is known to be unset, whatever stands around it.
    private var values: [Variable: Value?] = [:]
    private let outer: Variables?

    init(in outer: Variables? = nil) { self.outer = outer }

    /// Nil where it was not assigned to.
    func value(_ variable: Variable) -> Value? {
        var next: Variables? = self
        while let variables = next {
            if let value = variables.values[variable] { return value }
            next = variables.outer
        }
        return nil
    }

    func set(_ variable: Variable, _ value: Value?) {
        values.updateValue(value, forKey: variable)
    }

    /// Lets go of macros, which hold on to their surroundings.
    func clear() { values = [:] }
}

extension Value {
    /// Lists and dicts within one another.
    var depth: Int {
        switch self {
        case .list(let elements), .tuple(let elements), .range(let elements, _),
            .view(_, let elements):
            elements.depth
        case .dict(let dict): dict.depth
        default: 0
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// Python's name of its type, for messages.
    var kind: String {
        switch self {
        case .undefined: "an undefined value"
        case .none: "none"
        case .bool: "a truth value"
        case .integer: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dict: "a dict"
        case .range: "a range"
        case .view: "a view of a dict"
        case .iterator: "what a filter gives one by one"
        case .namespace: "a namespace"
        case .macro: "a macro"
        case .function, .stringMethod, .dictMethod, .loopMethod: "a function"
        case .loop: "the loop"
        }
    }

    /// Python's `bool(value)`.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let flag): flag
        case .integer(let number): number != 0
        case .float(let number): number != 0
        case .string(let text): !text.isEmpty
        case .list(let elements), .tuple(let elements), .range(let elements, _),
            .view(_, let elements):
            !elements.values.isEmpty
        case .dict(let dict): dict.count > 0
        default: true
        }
    }
}
