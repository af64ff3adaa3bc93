// Attributes, items and slices, looked up as Jinja does: `a.b` asks for what Python's type has
// first, `a['b']` for the key first.

import JSON
import PythonText

extension Renderer {
    func attribute(_ base: Value, _ name: String) throws(ChatTemplateError) -> Value {
        switch base {
        case .undefined(let words): throw failure("\(words), so it has no \(quoted(name))")
        case .dict(let dict):
            if PythonAttributes.dict.contains(name) { return try method(of: dict, name) }
            return dict.value(.string(ExactString(name))) ?? absent(name, base)
        case .string(let text):
            guard PythonAttributes.string.contains(name) else { return absent(name, base) }
            guard let method = StringMethod(rawValue: name) else { throw unknownMethod(name) }
            return .stringMethod(text, method)
        case .namespace(let namespace):
            return namespace.attributes[name] ?? absent(name, base)
        case .loop(let loop): return try attribute(loop, name)
        case .iterator: throw .unknown(place, kind: "the attribute", name: name)
        default:
            guard !PythonAttributes.others.contains(name) else { throw unknownMethod(name) }
            return absent(name, base)
        }
    }

    private func absent(_ name: String, _ base: Value) -> Value {
        .undefined("\(base.kind) has no \(quoted(name))")
    }

    private func unknownMethod(_ name: String) -> ChatTemplateError {
        .unknown(place, kind: "the method", name: name)
    }

    private func method(of dict: Dict, _ name: String) throws(ChatTemplateError) -> Value {
        guard let method = DictMethod(rawValue: name) else { throw unknownMethod(name) }
        return .dictMethod(dict, method)
    }

    private func attribute(_ loop: LoopState, _ name: String) throws(ChatTemplateError) -> Value {
        guard let attribute = LoopAttribute(rawValue: name) else {
            throw .unknown(place, kind: "of the loop, the attribute", name: name)
        }
        switch attribute {
        case .index: return .integer(loop.index0 + 1)
        case .index0: return .integer(loop.index0)
        case .revindex: return .integer(try loop.length() - loop.index0)
        case .revindex0: return .integer(try loop.length() - loop.index0 - 1)
        case .first: return .bool(loop.index0 == 0)
        case .last: return .bool(try loop.next() == nil)
        case .length: return .integer(try loop.length())
        case .previtem: return loop.previous ?? .undefined("what is before the first")
        case .nextitem: return try loop.next() ?? .undefined("what is behind the last")
        case .depth: return .integer(1)
        case .depth0: return .integer(0)
        case .cycle: return .loopMethod(loop)
        }
    }

    func item(_ base: Value, _ key: Value) throws(ChatTemplateError) -> Value {
        if case .undefined(let words) = base { throw failure("\(words), so it has no items") }
        switch (base, key) {
        case (.dict(let dict), _):
            guard let found = DictKey(key) else { break }
            if let value = dict.value(found) { return value }
        case (.list(let elements), .integer), (.list(let elements), .bool),
            (.tuple(let elements), .integer), (.tuple(let elements), .bool),
            (.range(let elements, _), .integer), (.range(let elements, _), .bool):
            return element(elements.values, try integer(key))
        case (.string(let text), .integer), (.string(let text), .bool):
            try spend(text.utf8.count / 64)
            let scalars = PythonText.scalars(text).map { Value.string(String($0)) }
            return element(scalars, try integer(key))
        default: break
        }
        guard case .string(let name) = key else {
            return .undefined("\(base.kind) has no such item")
        }
        guard !name.hasPrefix("__") else {
            throw .unknown(place, kind: "the attribute", name: name)
        }
        return try attribute(base, name)
    }

    private func element(_ values: [Value], _ index: Int) -> Value {
        let position = index < 0 ? index + values.count : index
        guard values.indices.contains(position) else {
            return .undefined("the item \(index) of \(values.count)")
        }
        return values[position]
    }

    func slice(
        _ base: Value, from: Int?, to: Int?, by: Int?
    ) throws(ChatTemplateError) -> Value {
        guard by != 0 else { throw failure("a slice in steps of zero") }
        switch base {
        case .list(let elements):
            return .list(try held(slice(elements.values, from, to, by ?? 1)))
        case .tuple(let elements):
            return .tuple(try held(slice(elements.values, from, to, by ?? 1)))
        case .string(let text):
            try spend(text.utf8.count / 64)
            let scalars = slice(PythonText.scalars(text), from, to, by ?? 1)
            return .string(String(scalars: scalars))
        case .range: throw .unknown(place, kind: "a slice of", name: "range")
        default: throw failure("a slice of \(base.kind)\(missing(base))")
        }
    }

    private func slice<Element>(
        _ elements: [Element], _ from: Int?, _ to: Int?, _ by: Int
    ) -> [Element] {
        let count = elements.count
        let first = by > 0 ? 0 : -1
        let last = by > 0 ? count : count - 1
        func clamped(_ index: Int?, _ fallback: Int) -> Int {
            guard let index else { return fallback }
            return min(max(index < 0 ? index + count : index, first), last)
        }
        let from = clamped(from, by > 0 ? first : last)
        let to = clamped(to, by > 0 ? last : first)
        // A step beyond the ends takes one element, whatever its size.
        let step = min(max(by, -count - 1), count + 1)
        return stride(from: from, to: to, by: step).map { elements[$0] }
    }
}
