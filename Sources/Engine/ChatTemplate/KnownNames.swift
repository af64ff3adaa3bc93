// What templates may name: filters, tests, methods, functions. Everything else is refused.

enum TemplateFilter: String, Sendable, CaseIterable {
    case trim, length, count, `default`, d, upper, lower, title, capitalize, replace, first, last
    case list, string, int, float, items, dictsort, selectattr, rejectattr, map, select, reject
    case unique, reverse, sort, join, indent, round, abs, tojson, safe, e, escape

    /// Whether it makes marked text, to which sums and methods would do other things.
    var isMarkup: Bool { self == .safe || self == .e || self == .escape }
}

enum TemplateTest: String, Sendable {
    case defined, undefined, none, string, mapping, iterable, number, sequence, boolean
    case integer, float, callable, odd, even, divisibleby, lower, upper
    case `true`, `false`
    case eq, ne, gt, ge, lt, le
    case isIn = "in"

    /// By the name that a template writes; some have several.
    init?(name: String) {
        let other: [String: TemplateTest] = [
            "equalto": .eq, "==": .eq, "!=": .ne, "greaterthan": .gt, ">": .gt, ">=": .ge,
            "lessthan": .lt, "<": .lt, "<=": .le,
        ]
        guard let test = other[name] ?? TemplateTest(rawValue: name) else { return nil }
        self = test
    }

    /// Values that it takes beside the one tested.
    var argumentCount: Int {
        switch self {
        case .divisibleby, .eq, .ne, .gt, .ge, .lt, .le, .isIn: 1
        default: 0
        }
    }
}

enum StringMethod: String, Sendable {
    case strip, lstrip, rstrip, split, rsplit, splitlines, startswith, endswith, replace, upper
    case lower, title, capitalize, join, find, count, removeprefix, removesuffix
}

enum DictMethod: String, Sendable {
    case get, items, keys, values
}

enum TemplateFunction: String, Sendable {
    case range, namespace
    case raise = "raise_exception"
    case date = "strftime_now"
}

/// What Python's types have by name. An attribute finds these before a dict's keys, so that what
/// is not known above must be refused, not taken for a key.
enum PythonAttributes {
    static let dict: Set = [
        "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault",
        "update", "values",
    ]
    static let string: Set = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find",
        "format", "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit",
        "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
        "join", "ljust", "lower", "lstrip", "maketrans", "partition", "removeprefix",
        "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
        "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper",
        "zfill",
    ]
    /// Of lists, tuples, ranges, numbers, macros and views together: none is known here.
    static let others: Set = [
        "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove",
        "reverse", "sort", "start", "stop", "step", "real", "imag", "numerator", "denominator",
        "bit_length", "bit_count", "conjugate", "to_bytes", "from_bytes", "as_integer_ratio",
        "is_integer", "hex", "fromhex", "name", "arguments", "catch_kwargs", "catch_varargs",
        "caller", "explicit_caller", "mapping", "isdisjoint",
    ]
    /// Names that Jinja gives a meaning of their own, which is not known here.
    static let special: Set = [
        "dict", "lipsum", "cycler", "joiner", "self", "super", "caller", "varargs", "kwargs",
    ]
}

/// What a loop tells of itself.
enum LoopAttribute: String, Sendable {
    case index, index0, revindex, revindex0, first, last, length, previtem, nextitem, depth, depth0
    case cycle
}
