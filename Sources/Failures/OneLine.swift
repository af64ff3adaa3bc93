// Names and texts that others chose, on one line: what is no visible text is escaped, so that
// nobody's file name can end a line of the log, hide a part of it, or command a terminal.

package enum OneLine {
    /// The text with control characters, line breaks, marks of direction and the like written as
    /// `\n`, `\t` or `\u{1B}`.
    /// - Parameter bytesMax: of UTF-8; what is longer is cut, and ends in `…` then.
    package static func text(_ text: String, bytesMax: Int = 4_096) -> String {
        var line = ""
        var count = 0
        for scalar in text.unicodeScalars {
            let piece = escaped(scalar)
            count += piece.utf8.count
            guard count <= bytesMax else { return line + "…" }
            line += piece
        }
        return line
    }

    /// Whether a character is seen, and changes nothing but its own place.
    package static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default: true
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default:
            isVisible(scalar)
                ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
}
