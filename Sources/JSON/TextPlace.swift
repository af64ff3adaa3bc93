// Where in a text something stands, as editors count.

/// A line and a column, both counted from 1; columns count bytes.
package struct TextPlace: Equatable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of the byte at `offset`, which may be the end of the text.
    package static func of(offset: Int, in bytes: Span<UInt8>) -> TextPlace {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return TextPlace(line: line, column: offset - lineStart + 1)
    }
}

extension TextPlace: CustomStringConvertible {
    package var description: String { "line \(line), column \(column)" }
}
