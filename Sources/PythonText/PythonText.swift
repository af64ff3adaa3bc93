// String operations exactly as Python does them, because prompts must equal those of Python's
// programs byte by byte: over code points, not graphemes, and equal only where every code point is.

package enum PythonText {
    package typealias Scalars = [Unicode.Scalar]

    package static func scalars(_ text: String) -> Scalars { Array(text.unicodeScalars) }

    /// `str.isspace` of one code point.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }

    package enum Side { case start, end, both }

    /// `str.strip`, of white space where no characters are named.
    package static func strip(_ text: String, _ characters: String? = nil, _ side: Side = .both)
        -> String
    {
        let named = characters.map { Set($0.unicodeScalars) }
        let goes = { (scalar: Unicode.Scalar) in named?.contains(scalar) ?? isSpace(scalar) }
        var scalars = text.unicodeScalars[...]
        if side != .end { scalars = scalars.drop(while: goes) }
        if side != .start {
            while let last = scalars.last, goes(last) { scalars.removeLast() }
        }
        return String(scalars)
    }

    /// Cuts trailing white space off: (`str.rstrip()`, what was cut).
    package static func splitTrailingSpace(_ text: String) -> (text: String, space: String) {
        let stem = strip(text, nil, .end)
        return (stem, String(scalars: text.unicodeScalars.dropFirst(stem.unicodeScalars.count)))
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

    // MARK: - Cases

    package static func upper(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    package static func lower(_ text: String) -> String {
        let scalars = scalars(text)
        return scalars.indices.reduce(into: "") { $0 += lower(scalars, at: $1) }
    }

    package static func capitalize(_ text: String) -> String {
        let scalars = scalars(text)
        return scalars.indices.reduce(into: "") {
            $0 += $1 == 0 ? scalars[0].properties.titlecaseMapping : lower(scalars, at: $1)
        }
    }

    /// `str.title`: a capital behind everything that has no case.
    package static func title(_ text: String) -> String {
        let scalars = scalars(text)
        var isInWord = false
        return scalars.indices.reduce(into: "") {
            $0 += isInWord ? lower(scalars, at: $1) : scalars[$1].properties.titlecaseMapping
            isInWord = scalars[$1].properties.isCased
        }
    }

    /// Jinja's filter `title`: a capital at the start and behind spaces, dashes and brackets.
    package static func titleFilter(_ text: String) -> String {
        let breaks: Set<Unicode.Scalar> = ["-", "(", "{", "[", "<"]
        var result = ""
        for word in runs(of: scalars(text), where: { isSpace($0) || breaks.contains($0) }) {
            guard let first = word.first else { continue }
            result += first.properties.uppercaseMapping
            result += lower(String(scalars: word.dropFirst()))
        }
        return result
    }

    /// Stretches of scalars that all are, or all are not, as `isBreak` says.
    private static func runs(
        of scalars: Scalars, where isBreak: (Unicode.Scalar) -> Bool
    ) -> [ArraySlice<Unicode.Scalar>] {
        var runs: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for index in scalars.indices.dropFirst()
        where isBreak(scalars[index]) != isBreak(scalars[index - 1]) {
            runs.append(scalars[start..<index])
            start = index
        }
        return runs + [scalars[start...]]
    }

    /// A capital sigma at the end of a word becomes the final small one.
    private static func lower(_ scalars: Scalars, at index: Int) -> String {
        guard scalars[index] == "\u{3A3}" else {
            return scalars[index].properties.lowercaseMapping
        }
        let isIgnored = { (scalar: Unicode.Scalar) in scalar.properties.isCaseIgnorable }
        let before = scalars[..<index].last { !isIgnored($0) }
        let after = scalars[(index + 1)...].first { !isIgnored($0) }
        let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
        return isFinal ? "\u{3C2}" : "\u{3C3}"
    }

    /// `str.islower` and `str.isupper`: there are cased characters, and all are as wanted.
    package static func isAll(_ text: String, lower: Bool) -> Bool {
        let cased = text.unicodeScalars.filter(\.properties.isCased)
        return !cased.isEmpty
            && cased.allSatisfy { lower ? $0.properties.isLowercase : $0.properties.isUppercase }
    }

    // MARK: - Parts

    /// The first place of `part` at or behind `start`.
    package static func find(_ part: Scalars, in text: Scalars, from start: Int = 0) -> Int? {
        guard start + part.count <= text.count else { return nil }
        return (start...text.count - part.count).first { position in
            text[position..<position + part.count].elementsEqual(part)
        }
    }

    package static func contains(_ text: String, _ part: String) -> Bool {
        part.isEmpty || find(scalars(part), in: scalars(text)) != nil
    }

    package static func hasPrefix(_ text: String, _ prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }

    package static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        text.utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    package static func count(_ text: String, _ part: String) -> Int {
        let (text, part) = (scalars(text), scalars(part))
        if part.isEmpty { return text.count + 1 }
        var count = 0
        var start = 0
        while let position = find(part, in: text, from: start) {
            count += 1
            start = position + part.count
        }
        return count
    }

    /// `str.replace`, at most `limit` times; below 0 there is no limit.
    package static func replace(_ text: String, _ old: String, _ new: String, limit: Int = -1)
        -> String
    {
        let (text, old) = (scalars(text), scalars(old))
        var result = String.UnicodeScalarView()
        var start = 0
        var left = limit
        while left != 0, let position = find(old, in: text, from: start) {
            result.append(contentsOf: text[start..<position])
            result.append(contentsOf: new.unicodeScalars)
            left -= 1
            start = position
            if old.isEmpty {
                guard position < text.count else { return String(result) }
                result.append(text[position])
                start += 1
            } else {
                start += old.count
            }
        }
        result.append(contentsOf: text[start...])
        return String(result)
    }

    /// `str.split(separator, limit)`; without a separator at white space, and nothing is empty.
    package static func split(_ text: String, _ separator: String?, limit: Int) -> [String] {
        split(scalars(text), separator.map(scalars), limit: limit).map { String(scalars: $0) }
    }

    /// `str.rsplit`: the limit counts from the end.
    package static func splitFromEnd(_ text: String, _ separator: String?, limit: Int) -> [String] {
        let separator = separator.map { Scalars(scalars($0).reversed()) }
        let parts = split(scalars(text).reversed(), separator, limit: limit)
        return parts.reversed().map { String(scalars: $0.reversed()) }
    }

    private static func split(
        _ text: Scalars, _ separator: Scalars?, limit: Int
    ) -> [ArraySlice<Unicode.Scalar>] {
        var parts: [ArraySlice<Unicode.Scalar>] = []
        guard let separator else {
            var rest = text.drop(while: isSpace)
            while !rest.isEmpty {
                guard parts.count != limit, let end = rest.firstIndex(where: isSpace) else {
                    return parts + [rest]
                }
                parts.append(rest[..<end])
                rest = rest[end...].drop(while: isSpace)
            }
            return parts
        }
        var start = 0
        while parts.count != limit, let position = find(separator, in: text, from: start) {
            parts.append(text[start..<position])
            start = position + separator.count
        }
        return parts + [text[start...]]
    }

    /// `str.splitlines()`.
    package static func lines(_ text: String, keepEnds: Bool = false) -> [String] {
        let text = scalars(text)
        var lines: [String] = []
        var start = 0
        while let end = text[start...].firstIndex(where: isLineEnd) {
            var next = end + 1
            if text[end] == "\r", next < text.count, text[next] == "\n" { next += 1 }
            lines.append(String(scalars: text[start..<(keepEnds ? next : end)]))
            start = next
        }
        if start < text.count { lines.append(String(scalars: text[start...])) }
        return lines
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

    private static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}

extension String {
    package init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
