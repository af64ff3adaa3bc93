// Text from outside in Markdown files (CommonMark with GitHub's tables).

/// Text from outside in Markdown: nothing in it makes a heading, a link, a cell or HTML.
enum MarkdownText {
    /// On one line, every character that Markdown could read behind a backslash.
    static func escaped(_ text: String) -> String {
        let special: Set<Unicode.Scalar> = [
            "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "<", ">", "#", "+", "!", "|", "~",
            "&", "$", "\"", "'",
        ]
        var result = ""
        for scalar in plain(text).unicodeScalars {
            if special.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// On one line, as code; backticks and cell borders become look-alikes, for no Markdown
    /// shows them in every place.
    static func code(_ text: String) -> String {
        var result = "`"
        for scalar in plain(text.shortened(to: 200)).unicodeScalars {
            switch scalar {
            case "`": result += "\u{2BB}"
            case "|": result += "\u{2502}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "`"
    }

    /// Lines as they are, in a block of code: nothing gets out of it that is indented.
    static func block(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { "    " + plain(String($0)) }.joined(separator: "\n")
    }

    /// `text` without control characters, line ends and bidi controls.
    static func plain(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                result += " "
            case "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
