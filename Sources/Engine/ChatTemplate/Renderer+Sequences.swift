// Going through values, and what filters make of sequences.

import JSON
import PythonText

extension Renderer {
    /// Goes through a value, as `for` does; nil at the end.
    func source(of value: Value) throws(ChatTemplateError) -> () -> Value? {
        if case .iterator(let iterator) = value { return { iterator.next() } }
        var values = try elements(of: value)[...]
        return { values.popFirst() }
    }

    /// All that `for` would go through.
    func elements(of value: Value) throws(ChatTemplateError) -> [Value] {
        let values: [Value]
        switch value {
        case .undefined: values = []
        case .list(let elements), .tuple(let elements), .range(let elements, _),
            .view(_, let elements):
            values = elements.values
        case .dict(let dict): values = dict.keys
        case .string(let text): values = text.unicodeScalars.map { .string(String($0)) }
        case .iterator(let iterator): values = iterator.rest()
        default: throw failure("\(value.kind) has no elements to go through")
        }
        try spend(values.count / 8)
        return values
    }

    func length(_ value: Value) throws(ChatTemplateError) -> Int {
        switch value {
        case .string(let text): return text.unicodeScalars.count
        case .loop(let loop): return try loop.length()
        case .iterator, .namespace: throw failure("\(value.kind) has no length")
        default: return try elements(of: value).count
        }
    }

    /// From the last to the first; nil for what Python cannot go through backwards.
    func reversed(_ value: Value) throws(ChatTemplateError) -> [Value]? {
        if case .iterator = value { return nil }
        return try elements(of: value).reversed()
    }

    /// A stable sort by keys, whose comparison may fail.
    func sorted(
        _ values: [Value], by keys: [Value], descending: Bool
    ) throws(ChatTemplateError) -> [Value] {
        var order = Array(values.indices)
        if descending { order.reverse() }
        order = try merged(order, keys)
        if descending { order.reverse() }
        return order.map { values[$0] }
    }

    private func merged(_ order: [Int], _ keys: [Value]) throws(ChatTemplateError) -> [Int] {
        if order.count < 2 { return order }
        let half = order.count / 2
        let left = try merged(Array(order[..<half]), keys)
        let right = try merged(Array(order[half...]), keys)
        var result: [Int] = []
        var (first, second) = (0, 0)
        while first < left.count, second < right.count {
            if try isLess(keys[right[second]], keys[left[first]]) {
                result.append(right[second])
                second += 1
            } else {
                result.append(left[first])
                first += 1
            }
        }
        return result + left[first...] + right[second...]
    }

    /// What a filter's `attribute` leads to: names and numbers with dots between them.
    func attribute(
        _ path: Value?, of value: Value, default fallback: Value? = nil
    ) throws(ChatTemplateError) -> Value {
        guard let path else { return value }
        var value = value
        for part in try parts(of: path) {
            value = try item(value, part)
            if value.isUndefined, let fallback { value = fallback }
        }
        return value
    }

    private func parts(of path: Value) throws(ChatTemplateError) -> [Value] {
        switch path {
        case .none: []
        case .integer: [path]
        case .string(let text):
            PythonText.split(text, ".", limit: -1).map { part in
                let isNumber = !part.isEmpty && part.allSatisfy { $0.isASCII && $0.isNumber }
                return isNumber ? Int(part).map { .integer($0) } ?? .string(part) : .string(part)
            }
        default: throw failure("\(path.kind) as the name of an attribute")
        }
    }

    /// For comparisons that do not tell capitals from small letters.
    func folded(_ value: Value, _ caseSensitive: Bool) throws(ChatTemplateError) -> Value {
        guard !caseSensitive, case .string(let text) = value else { return value }
        try spend(text.utf8.count / 16)
        return .string(PythonText.lower(text))
    }

    func sort(_ value: Value, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let bound = try bind(given, ["reverse", "case_sensitive", "attribute"])
        let values = try elements(of: value)
        let caseSensitive = bound["case_sensitive"]?.isTrue ?? false
        var keys: [Value] = []
        for value in values {
            guard case .string(let paths)? = bound["attribute"] else {
                keys.append(
                    try folded(attribute(bound["attribute"], of: value), caseSensitive))
                continue
            }
            var parts: [Value] = []
            for path in PythonText.split(paths, ",", limit: -1) {
                parts.append(try folded(attribute(.string(path), of: value), caseSensitive))
            }
            keys.append(.list(Elements(parts)))
        }
        let result = try sorted(values, by: keys, descending: bound["reverse"]?.isTrue ?? false)
        return .list(try held(result))
    }

    func sortDict(_ value: Value, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let bound = try bind(given, ["case_sensitive", "by", "reverse"])
        guard case .dict(let dict) = value else { throw failure("no dict, but \(value.kind)") }
        let by = try bound["by"].map { value throws(ChatTemplateError) in try string(value) }
        guard by == nil || by == "key" || by == "value" else {
            throw failure("a dict is sorted by `key` or by `value`")
        }
        let caseSensitive = bound["case_sensitive"]?.isTrue ?? false
        var keys: [Value] = []
        for value in by == "value" ? dict.values : dict.keys {
            keys.append(try folded(value, caseSensitive))
        }
        let result = try sorted(
            dict.pairs, by: keys, descending: bound["reverse"]?.isTrue ?? false)
        return .list(try held(result))
    }

    func unique(_ value: Value, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let bound = try bind(given, ["case_sensitive", "attribute"])
        var seen: Set<DictKey> = []
        var result: [Value] = []
        for value in try elements(of: value) {
            let key = try folded(
                attribute(bound["attribute"], of: value),
                bound["case_sensitive"]?.isTrue ?? false)
            if seen.insert(try dictKey(key)).inserted { result.append(value) }
        }
        return .iterator(Iterator(result))
    }

    func map(_ value: Value, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        var result: [Value] = []
        if given.positional.isEmpty {
            let bound = try bind(given, ["attribute", "default"])
            guard let path = bound["attribute"] else { throw failure("`map` by nothing") }
            var fallback = bound["default"]
            if case .some(.none) = fallback { fallback = nil }
            if !value.isTrue { return .iterator(Iterator([])) }
            for value in try elements(of: value) {
                result.append(try held(attribute(path, of: value, default: fallback)))
            }
        } else {
            let name = try string(given.positional[0])
            guard let filter = TemplateFilter(rawValue: name), !filter.isMarkup else {
                throw .unknown(place, kind: "the filter", name: name)
            }
            var rest = given
            rest.positional.removeFirst()
            if !value.isTrue { return .iterator(Iterator([])) }
            for value in try elements(of: value) {
                result.append(
                    try nested { () throws(ChatTemplateError) in
                        try held(apply(filter, to: value, rest))
                    })
            }
        }
        return .iterator(Iterator(result))
    }

    /// - Parameter byAttribute: whether the first argument names an attribute that is tested.
    func select(
        _ value: Value, _ given: GivenArguments, byAttribute: Bool, keeps wanted: Bool
    ) throws(ChatTemplateError) -> Value {
        guard given.named.isEmpty else { throw failure("tests take no named values") }
        var arguments = given.positional[...]
        let path = byAttribute ? arguments.popFirst() : nil
        guard !byAttribute || path != nil else { throw failure("the attribute is not named") }
        var test: TemplateTest?
        if let name = arguments.popFirst() {
            let name = try string(name)
            test = TemplateTest(name: name)
            guard let test else { throw .unknown(place, kind: "the test", name: name) }
            guard arguments.count == test.argumentCount else {
                throw failure("the test \(quoted(name)) takes \(test.argumentCount) values")
            }
        }
        if !value.isTrue { return .iterator(Iterator([])) }
        var result: [Value] = []
        for value in try elements(of: value) {
            let tested = try attribute(path, of: value)
            let holds = try test.map { test throws(ChatTemplateError) in
                try passes(test, tested, Array(arguments))
            }
            if (holds ?? tested.isTrue) == wanted { result.append(try held(value)) }
        }
        return .iterator(Iterator(result))
    }
}
