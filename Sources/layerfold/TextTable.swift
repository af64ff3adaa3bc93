// The one writer of tables: columns where they fit, else a block for each row. Nothing is cut.

import Failures

struct TextTable {
    let rows: [[String]]
    /// Whether the first row names the columns; else the first column names the rows.
    let hasHeader: Bool

    private static let gap = 2

    /// - Parameter width: columns of the terminal; nil where lines may be of any length.
    func lines(width: Int?) -> [String] {
        let rows = rows.map { $0.map(Self.oneLine) }
        guard let count = rows.map(\.count).max(), count > 0 else { return [] }
        // A column that holds nothing but its name tells nothing.
        let body = hasHeader ? rows.dropFirst() : rows[...]
        let kept = (0..<count).filter { column in
            body.isEmpty || body.contains { column < $0.count && !$0[column].isEmpty }
        }
        let cells = rows.map { row in kept.map { $0 < row.count ? row[$0] : "" } }
        let widths = kept.indices.map { column in
            cells.map { Self.columns($0[column]) }.max() ?? 0
        }
        let total = widths.reduce(0, +) + Self.gap * (widths.count - 1)
        guard let width, total > width else { return cells.map { Self.line($0, widths) } }
        return hasHeader ? blocks(cells, width) : pairs(cells, widths, width)
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        let text = zip(cells, widths).map { text, width in
            text + String(repeating: " ", count: width - columns(text))
        }.joined(separator: String(repeating: " ", count: gap))
        return trimmed(text)
    }

    /// Each row under its first cell, the others with the names of their columns.
    private func blocks(_ rows: [[String]], _ width: Int) -> [String] {
        guard let header = rows.first else { return [] }
        return rows.dropFirst().flatMap { row in
            Self.wrapped(row[0], indent: 0, width: width)
                + zip(header, row).dropFirst().filter { !$1.isEmpty }.flatMap { name, text in
                    Self.wrapped("\(name): \(text)", indent: 2, width: width)
                }
        }
    }

    /// Names on the left, what belongs to them wrapped on the right; below each other where that is
    /// too narrow.
    private func pairs(_ rows: [[String]], _ widths: [Int], _ width: Int) -> [String] {
        let left = widths.dropLast().reduce(0) { $0 + $1 + Self.gap }
        let isWide = width - left >= width / 2
        return rows.flatMap { row -> [String] in
            let name = Self.line(Array(row.dropLast()), Array(widths.dropLast()))
            let indent = isWide ? left : Self.gap
            let text = Self.wrapped(row.last ?? "", indent: indent, width: width)
            guard isWide, let first = text.first else {
                return Self.wrapped(name, indent: 0, width: width) + text
            }
            let padding = String(repeating: " ", count: left - Self.columns(name))
            return [Self.trimmed(name + padding + first.dropFirst(indent))] + text.dropFirst()
        }
    }

    // MARK: Text

    /// Lines of at most `width` columns, broken between words, within words that are longer.
    static func wrapped(_ text: String, indent: Int, width: Int?) -> [String] {
        let margin = String(repeating: " ", count: indent)
        guard let width else { return [trimmed(margin + text)] }
        let room = max(1, width - indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = String(word)
            if !line.isEmpty, columns(line) + 1 + columns(word) > room {
                lines.append(line)
                line = ""
            }
            while columns(word) > room {
                let head = cut(word, to: room)
                lines.append(head)
                word = String(word.dropFirst(head.count))
            }
            line += line.isEmpty ? word : " " + word
        }
        if !line.isEmpty { lines.append(line) }
        return lines.map { margin + $0 }
    }

    /// The beginning that fits into so many columns, at least one character.
    static func cut(_ text: String, to width: Int) -> String {
        var (head, used) = ("", 0)
        for character in text {
            let next = columns(String(character))
            if used + next > width, !head.isEmpty { break }
            head.append(character)
            used += next
        }
        return head
    }

    /// What is printed of a text that may come from anywhere: control characters move cursors.
    /// Line breaks and tabs are spaces here, other invisible characters are escaped.
    static func oneLine(_ text: String) -> String {
        // Most cells, and there may be very many.
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        let words = text.split { $0.isNewline || $0 == "\t" }.joined(separator: " ")
        return OneLine.text(words, bytesMax: .max)
    }

    /// Columns that a terminal gives a text: two for wide characters of East Asia and pictures.
    static func columns(_ text: String) -> Int {
        text.utf8.count == text.count
            ? text.count : text.reduce(0) { $0 + ($1.isWide ? 2 : 1) }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }
}

extension Character {
    /// Unicode 16, EastAsianWidth W and F, by blocks.
    fileprivate var isWide: Bool {
        guard let first = unicodeScalars.first?.value else { return false }
        return switch first {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
            0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
