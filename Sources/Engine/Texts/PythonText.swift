// String operations exactly as Python does them, because prompts must equal the harness's byte by
// byte: white space, capitalisation and lengths count code points, not graphemes.

package enum PythonText {
    /// `str.isspace` of one code point.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    /// `str.strip()`.
    package static func strip(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// Cuts trailing white space off: (`str.rstrip()`, what was cut).
    static func splitTrailingSpace(_ text: String) -> (text: String, space: String) {
        let scalars = text.unicodeScalars
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return ("", text) }
        let end = scalars.index(after: last)
        return (String(scalars[..<end]), String(scalars[end...]))
    }

    /// `len(str)`.
    package static func length(_ text: String) -> Int { text.unicodeScalars.count }

    /// `len(re.split(r"\s+", str))`.
    package static func wordCount(_ text: String) -> Int {
        var runs = 0
        var isInside = false
        for scalar in text.unicodeScalars {
            let isSpace = isSpace(scalar)
            if isSpace, !isInside { runs += 1 }
            isInside = isSpace
        }
        return runs + 1
    }

    /// `str.capitalize()`: the first code point in title case, the rest in LOWER case. (A final
    /// capital sigma becomes the plain small one; Python would write the final form.)
    package static func capitalize(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        var result = first.properties.titlecaseMapping
        for scalar in text.unicodeScalars.dropFirst() {
            result += scalar.properties.lowercaseMapping
        }
        return result
    }

    /// `str.replace(old, new)`: without overlap, from the left, one pass.
    package static func replace(_ text: String, _ old: String, _ new: String) -> String {
        let source = Array(text.unicodeScalars)
        let pattern = Array(old.unicodeScalars)
        precondition(!pattern.isEmpty, "nothing to look for")
        var result = String.UnicodeScalarView()
        var index = 0
        while index < source.count {
            if index + pattern.count <= source.count,
                source[index..<index + pattern.count].elementsEqual(pattern)
            {
                result.append(contentsOf: new.unicodeScalars)
                index += pattern.count
            } else {
                result.append(source[index])
                index += 1
            }
        }
        return String(result)
    }

    /// `re.sub(r"\[.*?\]", "", str)`: the dot stops at a line feed.
    package static func removingBrackets(_ text: String) -> String {
        let source = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        var index = 0
        while index < source.count {
            if source[index] == "[" {
                let rest = source[index...]
                let line = rest.prefix { $0 != "\n" }
                if let end = line.firstIndex(of: "]") {
                    index = end + 1
                    continue
                }
            }
            result.append(source[index])
            index += 1
        }
        return String(result)
    }
}
