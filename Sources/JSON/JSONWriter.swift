// JSON values as text: the same value always gives the same bytes.

/// How the text of a value is laid out; two spaces of indentation where lines are broken.
package struct JSONLayout: Sendable {
    let strings: JSONStringStyle
    /// Columns that a filled list or object may reach to stay on one line. Lists of numbers,
    /// truth values and nulls stay at any length where it is above 0: a matrix has a line per row.
    let columns: Int
    /// Whether the outermost list or object is broken over lines at any length.
    let breaksRoot: Bool
    /// What follows the value.
    let end: String

    /// As Python's `json.dumps(value, indent=2)` writes, and a line end.
    package static let python = JSONLayout(
        strings: .ascii, columns: 0, breaksRoot: true, end: "\n")
    /// For files that people read, too: small lists and objects on one line; and a line end.
    package static let page = JSONLayout(
        strings: .script, columns: 100, breaksRoot: true, end: "\n")
    /// Everything on one line, with a space after `:` and `,`.
    package static let line = JSONLayout(
        strings: .script, columns: .max, breaksRoot: false, end: "")
}

extension JSONValue {
    package func text(_ layout: JSONLayout) -> String {
        var writer = JSONWriter(layout: layout)
        writer.write(self, indent: 0, column: 0, breaks: layout.breaksRoot)
        return writer.text + layout.end
    }
}

private struct JSONWriter {
    let layout: JSONLayout
    private(set) var text = ""

    init(layout: JSONLayout) { self.layout = layout }

    /// Appends `value`, which begins at `column`.
    mutating func write(_ value: JSONValue, indent: Int, column: Int, breaks: Bool = false) {
        if let line = line(value, column, breaks) { return text += line }
        switch value {
        case .array(let elements):
            writeLines(elements, "[", "]", indent) { writer, element in
                writer.write(element, indent: indent + 2, column: indent + 2)
            }
        case .object(let members):
            writeLines(members, "{", "}", indent) { writer, member in
                let key = writer.layout.strings.literal(member.key) + ": "
                writer.text += key
                writer.write(
                    member.value, indent: indent + 2, column: indent + 2 + key.utf8.count)
            }
        default: preconditionFailure("plain values are written on one line")
        }
    }

    private mutating func writeLines<Elements: Collection>(
        _ elements: Elements, _ opening: String, _ closing: String, _ indent: Int,
        write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        let margin = "\n" + String(repeating: " ", count: indent)
        var separator = opening
        for element in elements {
            text += separator + margin + "  "
            write(&self, element)
            separator = ","
        }
        text += margin + closing
    }

    /// `value` on one line; nil where it is to be broken.
    private func line(_ value: JSONValue, _ column: Int, _ breaks: Bool) -> String? {
        var line = ""
        let fits: Bool
        switch value {
        case .array(let elements) where !elements.isEmpty:
            guard !breaks, layout.columns > 0 else { return nil }
            let isRow = elements.allSatisfy { $0.isPlain && $0.string == nil }
            fits = append(value, to: &line, bytes: isRow ? .max : layout.columns - column)
        case .object(let members) where !members.isEmpty:
            guard !breaks, layout.columns > 0 else { return nil }
            fits = append(value, to: &line, bytes: layout.columns - column)
        default: fits = append(value, to: &line, bytes: .max)
        }
        return fits ? line : nil
    }

    /// Appends `value` on one line.
    ///
    /// - Returns: false as soon as a list or object makes `line` longer than `bytes`; it is then
    ///   of no use.
    private func append(_ value: JSONValue, to line: inout String, bytes: Int) -> Bool {
        switch value {
        case .null: line += "null"
        case .bool(let flag): line += flag ? "true" : "false"
        case .number(let number): line += number.token
        case .string(let string): line += layout.strings.literal(string)
        case .array(let elements):
            line += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { line += ", " }
                guard append(element, to: &line, bytes: bytes) else { return false }
            }
            line += "]"
            return line.utf8.count <= bytes
        case .object(let members):
            line += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { line += ", " }
                line += layout.strings.literal(member.key) + ": "
                guard append(member.value, to: &line, bytes: bytes) else { return false }
            }
            line += "}"
            return line.utf8.count <= bytes
        }
        return true
    }
}
