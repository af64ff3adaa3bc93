// Filters and tests, each as Jinja 3.1 has it.

import Foundation
import JSON
import PythonText

extension Renderer {
    func apply(
        _ filter: TemplateFilter, to value: Value, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        try spend()
        switch filter {
        case .trim, .upper, .lower, .title, .capitalize, .replace, .string, .safe, .e, .escape,
            .indent, .join:
            return try text(filter, value, given)
        case .int, .float, .abs, .round: return try number(filter, value, given)
        case .length, .count:
            _ = try bind(given, [])
            return .integer(try length(value))
        case .default, .d:
            let bound = try bind(given, ["default_value", "boolean"])
            let isReplaced =
                value.isUndefined || (bound["boolean"]?.isTrue ?? false) && !value.isTrue
            return isReplaced ? bound["default_value"] ?? .string("") : value
        case .first:
            _ = try bind(given, [])
            let first = try source(of: value)()
            return first ?? .undefined("the first of nothing")
        case .last:
            _ = try bind(given, [])
            guard let reversed = try reversed(value) else {
                throw failure("\(value.kind) has no last; make a list of it")
            }
            return reversed.first ?? .undefined("the last of nothing")
        case .list:
            _ = try bind(given, [])
            return .list(try held(elements(of: value)))
        case .reverse:
            _ = try bind(given, [])
            if case .string(let text) = value {
                return .string(String(scalars: text.unicodeScalars.reversed()))
            }
            guard let reversed = try reversed(value) else {
                return .list(try held(elements(of: value).reversed()))
            }
            return .iterator(Iterator(reversed))
        case .items:
            _ = try bind(given, [])
            if value.isUndefined { return .iterator(Iterator([])) }
            guard case .dict(let dict) = value else {
                throw failure("no dict, but \(value.kind)")
            }
            return .iterator(Iterator(dict.pairs))
        case .dictsort: return try sortDict(value, given)
        case .sort: return try sort(value, given)
        case .unique: return try unique(value, given)
        case .map: return try map(value, given)
        case .select: return try select(value, given, byAttribute: false, keeps: true)
        case .reject: return try select(value, given, byAttribute: false, keeps: false)
        case .selectattr: return try select(value, given, byAttribute: true, keeps: true)
        case .rejectattr: return try select(value, given, byAttribute: true, keeps: false)
        case .tojson: return try json(value, given)
        }
    }

    // MARK: - Texts

    private func text(
        _ filter: TemplateFilter, _ value: Value, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        if filter == .join {
            let bound = try bind(given, ["d", "attribute"])
            var values: [Value] = []
            for value in try elements(of: value) {
                values.append(try attribute(bound["attribute"], of: value))
            }
            let separator = try bound["d"].map { value throws(ChatTemplateError) in
                try self.text(of: value)
            }
            return try joined(values, by: separator ?? "", onlyStrings: false)
        }
        if filter == .indent { return try indented(value, given) }
        let text = try self.text(of: value)
        try spend(text.utf8.count / 16)
        switch filter {
        case .trim:
            let bound = try bind(given, ["chars"])
            return .string(PythonText.strip(text, try optionalString(bound["chars"]), .both))
        case .replace:
            let bound = try bind(given, ["old", "new", "count"])
            guard let old = bound["old"], let new = bound["new"] else {
                throw failure("`replace` takes an old text and a new one")
            }
            var limit: Int?
            if let count = bound["count"], case .none = count {
            } else {
                limit = try bound["count"].map { value throws(ChatTemplateError) in
                    try integer(value)
                }
            }
            return try replaced(text, self.text(of: old), self.text(of: new), limit)
        default: break
        }
        _ = try bind(given, [])
        return switch filter {
        case .upper: try made(PythonText.upper(text))
        case .lower: try made(PythonText.lower(text))
        case .title: try made(PythonText.titleFilter(text))
        case .capitalize: try made(PythonText.capitalize(text))
        case .e, .escape: try made(escaped(text))
        default: .string(text)
        }
    }

    private func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    private func indented(
        _ value: Value, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        let bound = try bind(given, ["width", "first", "blank"])
        let indent: String
        if case .string(let width)? = bound["width"] {
            indent = width
        } else {
            let width = try bound["width"].map { value throws(ChatTemplateError) in
                try integer(value)
            }
            try checkText(bytes: max(0, width ?? 4))
            indent = String(repeating: " ", count: max(0, width ?? 4))
        }
        let indentsBlank = bound["blank"]?.isTrue ?? false
        let lines = PythonText.lines(try string(value) + "\n")
        let (bytes, isTooLong) = indent.utf8.count.multipliedReportingOverflow(by: lines.count)
        try checkText(bytes: isTooLong ? .max : bytes)
        var result = bound["first"]?.isTrue ?? false ? indent : ""
        for (index, line) in lines.enumerated() {
            if index > 0 {
                result += "\n"
                if indentsBlank || !line.isEmpty { result += indent }
            }
            result += line
        }
        return try made(result)
    }

    // MARK: - Numbers

    private func number(
        _ filter: TemplateFilter, _ value: Value, _ given: GivenArguments
    ) throws(ChatTemplateError) -> Value {
        switch filter {
        case .int:
            let bound = try bind(given, ["default", "base"])
            if let base = bound["base"], try integer(base) != 10 {
                throw .unknown(place, kind: "of the filter `int`, the argument", name: "base")
            }
            return try PythonNumber.integer(value, failure) ?? bound["default"] ?? .integer(0)
        case .float:
            let bound = try bind(given, ["default"])
            return try PythonNumber.float(value, failure) ?? bound["default"] ?? .float(0)
        case .abs:
            _ = try bind(given, [])
            return try absolute(value)
        default:
            let bound = try bind(given, ["precision", "method"])
            let precision = try bound["precision"].map { value throws(ChatTemplateError) in
                try integer(value)
            }
            let method = try optionalString(bound["method"]) ?? "common"
            return try PythonNumber.round(value, precision ?? 0, method, failure)
        }
    }

    // MARK: - Tests

    /// - Parameter arguments: as many as the test takes.
    func passes(
        _ test: TemplateTest, _ value: Value, _ arguments: [Value]
    ) throws(ChatTemplateError) -> Bool {
        if let sign = test.comparison {
            return try holds(sign, value, arguments[0])
        }
        switch (test, value) {
        case (.defined, _): return !value.isUndefined
        case (.undefined, _): return value.isUndefined
        case (.none, .none), (.string, .string), (.mapping, .dict), (.boolean, .bool),
            (.integer, .integer), (.float, .float), (.number, .integer), (.number, .float),
            (.number, .bool), (.true, .bool(true)), (.false, .bool(false)):
            return true
        case (.iterable, .string), (.iterable, .dict), (.iterable, .list), (.iterable, .tuple),
            (.iterable, .range), (.iterable, .view), (.iterable, .iterator),
            (.iterable, .undefined), (.iterable, .loop), (.sequence, .string), (.sequence, .dict),
            (.sequence, .list), (.sequence, .tuple), (.sequence, .range), (.sequence, .undefined):
            return true
        case (.callable, .macro), (.callable, .function), (.callable, .stringMethod),
            (.callable, .dictMethod), (.callable, .loop), (.callable, .loopMethod),
            (.callable, .undefined):
            return true
        case (.odd, _): return try areEqual(arithmetic(.remainder, value, .integer(2)), .integer(1))
        case (.even, _):
            return try areEqual(arithmetic(.remainder, value, .integer(2)), .integer(0))
        case (.divisibleby, _):
            return try areEqual(arithmetic(.remainder, value, arguments[0]), .integer(0))
        case (.lower, _): return PythonText.isAll(try text(of: value), lower: true)
        case (.upper, _): return PythonText.isAll(try text(of: value), lower: false)
        default: return false
        }
    }
}

extension TemplateTest {
    fileprivate var comparison: ComparisonSign? {
        switch self {
        case .eq: .equal
        case .ne: .notEqual
        case .gt: .greater
        case .ge: .greaterOrEqual
        case .lt: .less
        case .le: .lessOrEqual
        case .isIn: .isIn
        default: nil
        }
    }
}
