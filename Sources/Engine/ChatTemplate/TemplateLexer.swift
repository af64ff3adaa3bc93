// Cuts a template into texts, tags and outputs, with white space removed as Jinja removes it under
// `trim_blocks` and `lstrip_blocks`.

import JSON
import PythonText

struct TemplateLexer {
    /// Ends of lines are line feeds, and one at the very end is gone.
    private let source: [Unicode.Scalar]
    private var index = 0
    private var tokens: [TemplateToken] = []
    /// Whether what was consumed last ended with a line feed.
    private var isLineStart = true
    private var places = PlaceCounter()

    /// The tokens of a template; the last one is `.end`.
    static func tokens(of text: String) throws(ChatTemplateError) -> [TemplateToken] {
        var lexer = TemplateLexer(source: normalized(text))
        try lexer.run()
        return lexer.tokens
    }

    private init(source: [Unicode.Scalar]) { self.source = source }

    private static func normalized(_ text: String) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" || scalar == "\n" && !isAfterReturn {
                scalars.append("\n")
            } else if scalar != "\n" {
                scalars.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        if scalars.last == "\n" { scalars.removeLast() }
        return scalars
    }

    private mutating func run() throws(ChatTemplateError) {
        while let begin = nextBegin() {
            let opening = begin + 2
            let sign: Unicode.Scalar? =
                opening < source.count && (source[opening] == "-" || source[opening] == "+")
                ? source[opening] : nil
            appendText(until: begin, sign: sign, isOutput: source[begin + 1] == "{")
            let place = place(begin)
            index = sign == nil ? opening : opening + 1
            switch source[begin + 1] {
            case "#": try skipComment(place)
            case "{":
                tokens.append(TemplateToken(kind: .outputBegin, place: place))
                try readExpression(closing: "}", place)
            default:
                tokens.append(TemplateToken(kind: .tagBegin, place: place))
                try readExpression(closing: "%", place)
            }
        }
        let rest = String(scalars: source[index...])
        if !rest.isEmpty { tokens.append(TemplateToken(kind: .text(rest), place: place(index))) }
        tokens.append(TemplateToken(kind: .end, place: place(source.count)))
    }

    private func nextBegin() -> Int? {
        var next = index
        while next + 1 < source.count {
            if source[next] == "{", ["%", "{", "#"].contains(source[next + 1]) { return next }
            next += 1
        }
        return nil
    }

    /// The text in front of a tag. A `-` takes all white space; without a sign, a tag or comment
    /// takes what indents it.
    private mutating func appendText(until begin: Int, sign: Unicode.Scalar?, isOutput: Bool) {
        var text = source[index..<begin]
        let place = place(index)
        if sign == "-" {
            while let last = text.last, PythonText.isSpace(last) { text.removeLast() }
        } else if sign == nil, !isOutput {
            let lineFeed = text.lastIndex(of: "\n")
            let indent = text[(lineFeed.map { $0 + 1 } ?? text.startIndex)...]
            if lineFeed != nil || isLineStart, indent.allSatisfy(PythonText.isSpace) {
                text.removeLast(indent.count)
            }
        }
        if !text.isEmpty {
            tokens.append(TemplateToken(kind: .text(String(scalars: text)), place: place))
        }
    }

    private mutating func skipComment(_ begin: TextPlace) throws(ChatTemplateError) {
        while index < source.count {
            if consumeEnd("#") { return }
            index += 1
        }
        throw .syntax(begin, "this comment has no end; write `#}`")
    }

    /// Consumes the end of a tag, output or comment, with the white space that it takes along.
    private mutating func consumeEnd(_ closing: Unicode.Scalar) -> Bool {
        var next = index
        guard next < source.count else { return false }
        let sign = source[next]
        if sign == "-" || sign == "+" && closing != "}" { next += 1 }
        guard next + 1 < source.count, source[next] == closing, source[next + 1] == "}" else {
            return false
        }
        next += 2
        if sign == "-" {
            while next < source.count, PythonText.isSpace(source[next]) { next += 1 }
        } else if sign != "+", closing != "}", next < source.count, source[next] == "\n" {
            next += 1
        }
        isLineStart = source[next - 1] == "\n"
        index = next
        return true
    }

    private mutating func readExpression(
        closing: Unicode.Scalar, _ begin: TextPlace
    ) throws(ChatTemplateError) {
        var brackets: [Unicode.Scalar] = []
        while index < source.count {
            let start = place(index)
            if brackets.isEmpty, consumeEnd(closing) {
                let kind: TemplateToken.Kind = closing == "}" ? .outputEnd : .tagEnd
                return tokens.append(TemplateToken(kind: kind, place: start))
            }
            if PythonText.isSpace(source[index]) {
                index += 1
                continue
            }
            let kind = try ExpressionLexer.next(in: source, at: &index, start)
            if case .name("raw") = kind, tokens.last?.kind == .tagBegin {
                throw .unknown(start, kind: "tag", name: "raw")
            }
            if case .sign(let sign) = kind {
                switch sign {
                case "(": brackets.append(")")
                case "[": brackets.append("]")
                case "{": brackets.append("}")
                case ")", "]", "}":
                    guard let expected = brackets.popLast() else {
                        throw .syntax(start, "`\(sign)` closes nothing")
                    }
                    guard String(expected) == sign else {
                        throw .syntax(start, "expected `\(expected)`, found `\(sign)`")
                    }
                default: break
                }
            }
            tokens.append(TemplateToken(kind: kind, place: start))
        }
        throw .syntax(begin, "this has no end; write `\(closing)}`")
    }

    private mutating func place(_ position: Int) -> TextPlace {
        places.place(position, in: source)
    }
}

/// Counts lines and columns while the lexer goes on; it never goes back.
private struct PlaceCounter {
    private var position = 0
    private var line = 1
    private var column = 1

    mutating func place(_ wanted: Int, in source: [Unicode.Scalar]) -> TextPlace {
        while position < wanted {
            if source[position] == "\n" {
                line += 1
                column = 1
            } else {
                column += UTF8.width(source[position])
            }
            position += 1
        }
        return TextPlace(line: line, column: column)
    }
}
