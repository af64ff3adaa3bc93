// Calls of macros, functions and methods.

import JSON
import PythonText

extension Renderer {
    // MARK: - Arguments

    /// Arguments by the names of their parameters. None is needed here; too many are an error.
    func bind(
        _ given: GivenArguments, _ names: [String], positionalMax: Int = .max
    ) throws(ChatTemplateError) -> [String: Value] {
        guard given.positional.count <= min(names.count, positionalMax) else {
            throw failure("\(given.positional.count) values are too many here")
        }
        var bound: [String: Value] = [:]
        for (name, value) in zip(names, given.positional) { bound[name] = value }
        for argument in given.named {
            guard names.contains(argument.name), bound[argument.name] == nil else {
                throw failure("the argument \(quoted(argument.name)) does not belong here")
            }
            bound[argument.name] = argument.value
        }
        return bound
    }

    func string(_ value: Value) throws(ChatTemplateError) -> String {
        guard case .string(let text) = value else {
            throw failure("expected a string, found \(value.kind)\(missing(value))")
        }
        return text
    }

    private func string(_ value: Value?) throws(ChatTemplateError) -> String {
        guard let value else { throw failure("a value is missing") }
        return try string(value)
    }

    /// Nil for nothing, and for none.
    func optionalString(_ value: Value?) throws(ChatTemplateError) -> String? {
        guard let value else { return nil }
        if case .none = value { return nil }
        return try string(value)
    }

    private func optionalInteger(_ value: Value?) throws(ChatTemplateError) -> Int? {
        guard let value else { return nil }
        return try integer(value)
    }

    func made(_ text: String) throws(ChatTemplateError) -> Value {
        try checkText(bytes: text.utf8.count)
        return .string(text)
    }

    // MARK: - Macros and functions

    func call(_ called: MacroValue, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let macro = called.macro
        let bound = try bind(given, macro.parameters.map(\.name))
        let text = try inScope(macro.scope, Variables(in: called.surroundings)) {
            () throws(ChatTemplateError) in
            for parameter in macro.parameters { set(parameter.name, bound[parameter.name]) }
            for parameter in macro.parameters where bound[parameter.name] == nil {
                let missing = Value.undefined("the parameter \(quoted(parameter.name))")
                set(
                    parameter.name,
                    try parameter.value.map { value throws(ChatTemplateError) in
                        try evaluate(value)
                    } ?? missing)
            }
            return try captureOutput { () throws(ChatTemplateError) in try run(macro.body) }.text
        }
        return .string(text)
    }

    func call(
        _ function: TemplateFunction, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        switch function {
        case .range: return try range(given)
        case .namespace: return try namespace(given)
        case .raise:
            guard given.positional.count == 1, given.named.isEmpty else {
                throw failure("`raise_exception` takes one value")
            }
            throw .refused(try text(of: given.positional[0]))
        case .date:
            guard let date else {
                throw failure("it asks for the date (strftime_now), and none was given")
            }
            let format = try string(try bind(given, ["format"])["format"])
            return try made(try date.text(format, failure))
        }
    }

    private func range(_ given: GivenArguments) throws(ChatTemplateError) -> Value {
        guard given.named.isEmpty, (1...3).contains(given.positional.count) else {
            throw failure("`range` takes one to three integers")
        }
        var numbers: [Int] = []
        for value in given.positional { numbers.append(try integer(value)) }
        let start = numbers.count == 1 ? 0 : numbers[0]
        let end = numbers.count == 1 ? numbers[0] : numbers[1]
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw failure("a range in steps of zero") }
        let steps = stride(from: start, to: end, by: step).lazy.prefix(TemplateLimits.rangeMax + 1)
        let values = steps.map { Value.integer($0) }
        guard values.count <= TemplateLimits.rangeMax else {
            throw failure("a range of more than \(TemplateLimits.rangeMax) numbers")
        }
        try spend(values.count)
        let shown = "range(\(start), \(end)\(step == 1 ? "" : ", \(step)"))"
        return .range(Elements(Array(values)), shown: shown)
    }

    private func namespace(_ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let namespace = Namespace()
        guard given.positional.count <= 1 else { throw failure("`namespace` takes one dict") }
        if let first = given.positional.first {
            guard case .dict(let dict) = first else {
                throw failure("a namespace of \(first.kind)\(missing(first))")
            }
            for (key, value) in zip(dict.keys, dict.values) {
                namespace.attributes[try string(key)] = value
            }
        }
        for argument in given.named {
            namespace.attributes[argument.name] = try held(argument.value)
        }
        return .namespace(namespace)
    }

    // MARK: - Methods

    func call(
        _ method: DictMethod, of dict: Dict, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        guard given.named.isEmpty else { throw failure("this method takes no named values") }
        let values = given.positional
        guard method == .get ? (1...2).contains(values.count) : values.isEmpty else {
            throw failure("\(values.count) values given to the method \(quoted(method.rawValue))")
        }
        switch method {
        case .get:
            let fallback = values.count > 1 ? values[1] : .none
            if values[0].isUndefined { return fallback }
            return dict.value(try dictKey(values[0])) ?? fallback
        case .items: return .view(.items, try held(dict.pairs))
        case .keys: return .view(.keys, try held(dict.keys))
        case .values: return .view(.values, try held(dict.values))
        }
    }

    func call(
        _ method: StringMethod, of text: String, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        try spend(text.utf8.count / 16)
        let (names, isNamed) = method.parameters
        guard isNamed || given.named.isEmpty else {
            throw failure("the method \(quoted(method.rawValue)) takes no named values")
        }
        let bound = try bind(given, names)
        let first = names.first.flatMap { bound[$0] }
        switch method {
        case .upper: return try made(PythonText.upper(text))
        case .lower: return try made(PythonText.lower(text))
        case .title: return try made(PythonText.title(text))
        case .capitalize: return try made(PythonText.capitalize(text))
        case .strip: return .string(PythonText.strip(text, try optionalString(first), .both))
        case .lstrip: return .string(PythonText.strip(text, try optionalString(first), .start))
        case .rstrip: return .string(PythonText.strip(text, try optionalString(first), .end))
        case .split, .rsplit: return try split(text, first, bound["maxsplit"], method)
        case .splitlines:
            let lines = PythonText.lines(text, keepEnds: first?.isTrue ?? false)
            return .list(try held(lines.map { .string($0) }))
        case .startswith: return .bool(try isAny(first) { PythonText.hasPrefix(text, $0) })
        case .endswith: return .bool(try isAny(first) { PythonText.hasSuffix(text, $0) })
        case .removeprefix:
            let part = try string(first)
            guard PythonText.hasPrefix(text, part) else { return .string(text) }
            return .string(
                String(scalars: text.unicodeScalars.dropFirst(part.unicodeScalars.count)))
        case .removesuffix:
            let part = try string(first)
            guard PythonText.hasSuffix(text, part) else { return .string(text) }
            return .string(String(scalars: text.unicodeScalars.dropLast(part.unicodeScalars.count)))
        case .replace:
            return try replaced(
                text, string(first), string(bound["new"]), optionalInteger(bound["count"]))
        case .find:
            let part = try string(first)
            try checkSearch(part, in: text)
            return .integer(
                PythonText.find(PythonText.scalars(part), in: PythonText.scalars(text)) ?? -1)
        case .count:
            let part = try string(first)
            try checkSearch(part, in: text)
            return .integer(PythonText.count(text, part))
        case .join:
            guard let first else { throw failure("nothing to join") }
            return try joined(elements(of: first), by: text, onlyStrings: true)
        }
    }

    private func split(
        _ text: String, _ separator: Value?, _ limit: Value?, _ method: StringMethod
    ) throws(ChatTemplateError) -> Value {
        let separator = try optionalString(separator)
        guard separator?.isEmpty != true else { throw failure("an empty separator") }
        try checkSearch(separator ?? "", in: text)
        let limit = try optionalInteger(limit) ?? -1
        let parts =
            method == .split
            ? PythonText.split(text, separator, limit: limit)
            : PythonText.splitFromEnd(text, separator, limit: limit)
        return .list(try held(parts.map { .string($0) }))
    }

    /// Whether a string, or any of a tuple of strings, is as asked.
    private func isAny(
        _ value: Value?, _ holds: (String) -> Bool
    ) throws(ChatTemplateError) -> Bool {
        guard case .tuple(let elements)? = value else { return holds(try string(value)) }
        for element in elements.values where holds(try string(element)) { return true }
        return false
    }

    func replaced(
        _ text: String, _ old: String, _ new: String, _ limit: Int?
    ) throws(ChatTemplateError) -> Value {
        try checkSearch(old, in: text)
        let found = PythonText.count(text, old)
        let count = limit.map { $0 < 0 ? found : min($0, found) } ?? found
        let (grown, isTooLong) = count.multipliedReportingOverflow(by: new.utf8.count)
        try checkText(bytes: isTooLong ? .max : grown)
        return try made(PythonText.replace(text, old, new, limit: limit ?? -1))
    }

    func joined(
        _ values: [Value], by separator: String, onlyStrings: Bool
    ) throws(ChatTemplateError) -> Value {
        var result = ""
        for (index, value) in values.enumerated() {
            let text = onlyStrings ? try string(value) : try text(of: value)
            if index > 0 { result += separator }
            result += text
            try checkText(bytes: result.utf8.count > TemplateLimits.textBytesMax ? .max : 0)
            try spend((text.utf8.count + separator.utf8.count) / 16)
        }
        return .string(result)
    }
}

extension StringMethod {
    /// Its parameters, and whether they may be named.
    fileprivate var parameters: (names: [String], isNamed: Bool) {
        switch self {
        case .upper, .lower, .title, .capitalize: ([], false)
        case .split, .rsplit: (["sep", "maxsplit"], true)
        case .splitlines: (["keepends"], true)
        case .replace: (["old", "new", "count"], false)
        case .strip, .lstrip, .rstrip, .startswith, .endswith, .removeprefix, .removesuffix,
            .find, .count, .join:
            (["of"], false)
        }
    }
}
