// The end of a worker's log: lines that tell of errors are marked, by a word too.

import Report

/// A part of the log as it was read.
package struct JobLog: Sendable, Equatable {
    package let text: String
    /// Where the next part begins, in bytes.
    package let nextOffset: Int
    /// Whether the text begins where the log does.
    package let isWhole: Bool
    /// Whether it may begin within a line.
    private let isCut: Bool

    /// - Parameter isCut: nil for where it is not whole.
    package init(text: String, nextOffset: Int, isWhole: Bool, isCut: Bool? = nil) {
        self.text = text
        self.nextOffset = nextOffset
        self.isWhole = isWhole
        self.isCut = isCut ?? !isWhole
    }

    /// Whether a line tells of something that went wrong. The script has the same words.
    static func isError(_ line: some StringProtocol) -> Bool {
        let words = ["error", "fatal", "failed", "traceback", "panic", "killed", "assertion"]
        let line = line.lowercased()
        return words.contains { line.contains($0) }
    }

    /// Lines for a `pre`.
    var lines: Markup {
        // A first line that was cut tells nothing.
        var body = isCut ? text.drop { !$0.isNewline }.dropFirst() : text[...]
        if body.last?.isNewline == true { body.removeLast() }
        var markup: Markup = ""
        for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
            if Self.isError(line) {
                markup += "<mark class=\"error\">\(String(line))</mark>\n"
            } else {
                markup += "\(String(line))\n"
            }
        }
        return markup
    }
}
