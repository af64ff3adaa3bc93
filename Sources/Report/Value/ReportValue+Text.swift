// JSON values as text: the same value always gives the same bytes. Numbers are the shortest
// decimals that read back as the same value (Swift's own description of Double).

import Checkpoint

extension ReportValue {
    /// Columns a list or object may fill before it is broken over several lines.
    private static let columnsMax = 100

    /// Text for files: two spaces of indentation, one line per list of plain values (a matrix
    /// has a line per row), small objects on one line; ends with a line feed.
    package var prettyText: String {
        var text = ""
        Self.write(self, indent: 0, column: 0, isRoot: true, to: &text)
        return text + "\n"
    }

    /// Text on one line, with a space after `:` and `,`.
    package var compactText: String {
        var text = ""
        _ = Self.writeInline(self, lengthMax: .max, to: &text)
        return text
    }

    private static func write(
        _ value: ReportValue, indent: Int, column: Int, isRoot: Bool = false,
        to text: inout String
    ) {
        if !isRoot || value.isScalar {
            var line = ""
            let room = isRow(value) ? Int.max : columnsMax - column
            if writeInline(value, lengthMax: room, to: &line) {
                text += line
                return
            }
        }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch value {
        case .array(let elements) where elements.isEmpty: text += "[]"
        case .object(let members) where members.isEmpty: text += "{}"
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                text += (index == 0 ? "[\n" : ",\n") + inner
                write(element, indent: indent + 2, column: indent + 2, to: &text)
            }
            text += "\n" + outer + "]"
        case .object(let members):
            for (index, member) in members.enumerated() {
                let key = quoted(member.key) + ": "
                text += (index == 0 ? "{\n" : ",\n") + inner + key
                let column = indent + 2 + key.utf8.count
                write(member.value, indent: indent + 2, column: column, to: &text)
            }
            text += "\n" + outer + "}"
        default: preconditionFailure("plain values are written on one line")
        }
    }

    /// A list of numbers, truth values and nulls: the row of a matrix.
    private static func isRow(_ value: ReportValue) -> Bool {
        guard case .array(let elements) = value else { return false }
        return elements.allSatisfy { element in
            if case .string = element { return false }
            return element.isScalar
        }
    }

    /// Appends `value` on one line.
    ///
    /// - Returns: false as soon as `text` is longer than `lengthMax` bytes; `text` is then of
    ///   no use. Plain values are written at any length.
    private static func writeInline(
        _ value: ReportValue, lengthMax: Int, to text: inout String
    ) -> Bool {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .integer(let number): text += String(number)
        case .number(let number): text += number.isFinite ? number.description : "null"
        case .string(let string): text += quoted(string)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                guard writeInline(element, lengthMax: lengthMax, to: &text) else { return false }
            }
            text += "]"
            return text.utf8.count <= lengthMax
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += ", " }
                text += quoted(member.key) + ": "
                guard writeInline(member.value, lengthMax: lengthMax, to: &text) else {
                    return false
                }
            }
            text += "}"
            return text.utf8.count <= lengthMax
        }
        return true
    }

    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Line separators end a line in JavaScript, so that a careless reader would trip.
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
