// Values as Python prints them, and as its `json.dumps` writes them.

import JSON

extension Renderer {
    /// Python's `str(value)`, as `{{ }}` prints it.
    func text(of value: Value) throws(ChatTemplateError) -> String {
        switch value {
        case .undefined: return ""
        case .string(let text): return text
        default:
            var text = ""
            try append(value, to: &text)
            return text
        }
    }

    /// Python's `repr(value)`, which is how values within lists are printed.
    private func append(_ value: Value, to text: inout String) throws(ChatTemplateError) {
        try spend()
        try checkText(bytes: text.utf8.count > TemplateLimits.textBytesMax ? .max : 0)
        switch value {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .bool(let flag): text += flag ? "True" : "False"
        case .integer(let number): text += String(number)
        case .float(let number): text += PythonNumber.text(number)
        case .string(let string):
            try spend(string.utf8.count / 16)
            text += Self.literal(string)
        case .list(let elements): try append(elements.values, "[", "]", to: &text)
        case .tuple(let elements):
            try append(elements.values, "(", elements.values.count == 1 ? ",)" : ")", to: &text)
        case .range(_, let shown): text += shown
        case .view(let method, let elements):
            try append(elements.values, "dict_\(method.rawValue)([", "])", to: &text)
        case .dict(let dict):
            text += "{"
            for (index, (key, value)) in zip(dict.keys, dict.values).enumerated() {
                if index > 0 { text += ", " }
                try append(key, to: &text)
                text += ": "
                try append(value, to: &text)
            }
            text += "}"
        case .iterator, .namespace, .macro, .function, .stringMethod, .dictMethod, .loop,
            .loopMethod:
            throw failure("\(value.kind) is printed")
        }
    }

    private func append(
        _ values: [Value], _ opening: String, _ closing: String, to text: inout String
    ) throws(ChatTemplateError) {
        text += opening
        for (index, value) in values.enumerated() {
            if index > 0 { text += ", " }
            try append(value, to: &text)
        }
        text += closing
    }

    /// `repr(str)`.
    private static func literal(_ string: String) -> String {
        let scalars = string.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var text = String(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                if isPrintable(scalar) {
                    text.unicodeScalars.append(scalar)
                } else {
                    text += escape(scalar)
                }
            }
        }
        return text + String(quote)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) =
            switch scalar.value {
            case ..<0x100: ("x", 2)
            case ..<0x1_0000: ("u", 4)
            default: ("U", 8)
            }
        return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
    }

    // MARK: - JSON

    private struct JSONStyle {
        var strings = JSONStringStyle.utf8
        var indent: Int?
        var betweenElements = ", "
        var behindKeys = ": "
        var sortsKeys = false
    }

    /// The filter `tojson` as transformers has it: nothing is escaped for HTML.
    func json(_ value: Value, _ given: GivenArguments) throws(ChatTemplateError) -> Value {
        let bound = try bind(given, ["ensure_ascii", "indent", "separators", "sort_keys"])
        var style = JSONStyle()
        if bound["ensure_ascii"]?.isTrue == true { style.strings = .ascii }
        style.sortsKeys = bound["sort_keys"]?.isTrue ?? false
        switch bound["indent"] {
        case nil, .some(.none): break
        case let indent?:
            style.indent = max(0, try integer(indent))
            style.betweenElements = ","
        }
        switch bound["separators"] {
        case nil, .some(.none): break
        case let separators?:
            let pair = try elements(of: separators)
            guard pair.count == 2 else { throw failure("`separators` are two strings") }
            style.betweenElements = try string(pair[0])
            style.behindKeys = try string(pair[1])
        }
        var text = ""
        try appendJSON(value, style, margin: 0, to: &text)
        return try made(text)
    }

    private func appendJSON(
        _ value: Value, _ style: JSONStyle, margin: Int, to text: inout String
    ) throws(ChatTemplateError) {
        try spend()
        try checkText(bytes: text.utf8.count > TemplateLimits.textBytesMax ? .max : 0)
        switch value {
        case .none: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .float(let number): text += Self.jsonText(number)
        case .string(let string):
            try spend(string.utf8.count / 16)
            text += style.strings.literal(string)
        case .list(let elements), .tuple(let elements):
            try appendJSON(elements.values, "[", "]", style, margin, to: &text) {
                (value, margin, text) throws(ChatTemplateError) in
                try self.appendJSON(value, style, margin: margin, to: &text)
            }
        case .dict(let dict):
            var pairs = Array(zip(dict.keys, dict.values))
            if style.sortsKeys {
                let order = Array(pairs.indices).map { Value.integer($0) }
                let sorted = try sorted(order, by: dict.keys, descending: false)
                pairs = try sorted.map { index throws(ChatTemplateError) in
                    pairs[try integer(index)]
                }
            }
            try appendJSON(pairs, "{", "}", style, margin, to: &text) {
                (pair, margin, text) throws(ChatTemplateError) in
                text += style.strings.literal(try self.jsonKey(pair.0)) + style.behindKeys
                try self.appendJSON(pair.1, style, margin: margin, to: &text)
            }
        default: throw failure("\(value.kind) as JSON\(missing(value))")
        }
    }

    private func appendJSON<Element>(
        _ elements: [Element], _ opening: String, _ closing: String, _ style: JSONStyle,
        _ margin: Int, to text: inout String,
        _ append: (Element, Int, inout String) throws(ChatTemplateError) -> Void
    ) throws(ChatTemplateError) {
        text += opening
        let inner = margin + (style.indent ?? 0)
        try checkText(bytes: inner)
        func breakLine(_ margin: Int) {
            if style.indent != nil { text += "\n" + String(repeating: " ", count: margin) }
        }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += style.betweenElements }
            breakLine(inner)
            try append(element, inner, &text)
        }
        if !elements.isEmpty { breakLine(margin) }
        text += closing
    }

    private func jsonKey(_ key: Value) throws(ChatTemplateError) -> String {
        switch key {
        case .none: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .float(let number): Self.jsonText(number)
        default: try text(of: key)
        }
    }

    private static func jsonText(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return PythonNumber.text(number)
    }
}
