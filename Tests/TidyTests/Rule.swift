// A rule of the style guide that a program can check: what it finds, and what to do instead.

import Foundation

/// Checks one file; the findings are lines with their numbers.
struct Rule: Sendable, CustomStringConvertible {
    let name: String
    /// What to write instead.
    let remedy: String
    /// Whether the rule looks at a file at all.
    let applies: @Sendable (SourceFile) -> Bool
    /// Problems in a file: line (1-based) and what it shows.
    let check: @Sendable (SourceFile) -> [Finding]

    struct Finding: Equatable {
        let line: Int
        let text: String
    }

    var description: String { name }

    func findings(_ file: SourceFile) -> [Finding] { applies(file) ? check(file) : [] }

    /// A rule against lines whose code (comments and string contents left out) holds a pattern.
    static func forbids(
        _ name: String, remedy: String, in applies: @escaping @Sendable (SourceFile) -> Bool,
        where matches: @escaping @Sendable (_ code: Substring) -> Bool
    ) -> Rule {
        Rule(name: name, remedy: remedy, applies: applies) { file in
            CodeText.code(of: file.text).split(
                separator: "\n", omittingEmptySubsequences: false
            ).enumerated().compactMap { index, line in
                matches(line) ? Finding(line: index + 1, text: String(line)) : nil
            }
        }
    }
}

/// Swift text with comments and the contents of strings left out, line by line.
///
/// No parser: an interpolation that holds strings of its own may count as code, which a rule
/// about code can bear.
enum CodeText {
    private enum State { case code, comment, string, longString }

    static func code(of text: String) -> String {
        let (quote, newline) = (UInt8(ascii: "\""), UInt8(ascii: "\n"))
        let (slash, escape) = (UInt8(ascii: "/"), UInt8(ascii: "\\"))
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var state = State.code
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let rest = bytes[index...].prefix(3)
            index += 1
            switch state {
            case .code where rest.starts(with: [slash, slash]):
                state = .comment
            case .code where rest.elementsEqual([quote, quote, quote]):
                state = .longString
                index += 2
            case .code where byte == quote:
                state = .string
            case .code:
                if byte != newline { result.append(byte) }
            case .comment:
                if byte == newline { state = .code }
            case .string:
                if byte == escape { index += 1 }
                if byte == quote || byte == newline { state = .code }
            case .longString:
                if byte == escape, rest.dropFirst().first != newline { index += 1 }
                if rest.elementsEqual([quote, quote, quote]) {
                    state = .code
                    index += 2
                }
            }
            if byte == newline { result.append(newline) }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension Substring {
    /// Whether `word` stands in the line with no letter, digit or underscore before it.
    func hasWord(_ word: String) -> Bool {
        var rest = self
        while let range = rest.range(of: word) {
            let before =
                range.lowerBound == startIndex ? nil : self[index(before: range.lowerBound)]
            if before.map({ !$0.isLetter && !$0.isNumber && $0 != "_" }) ?? true { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
