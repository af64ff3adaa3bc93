// Which number a worked answer comes to, by the filters and the comparison of lm-evaluation-harness
// 0.4.13 (tasks/gsm8k/gsm8k.yaml; filters/extraction.py; api/metrics.py, exact_match). Written out
// by hand: its regular expressions are few, and Python's.

enum WrittenNumber {
    private static let invalid = "[invalid]"
    private static let mark = Array("#### ".unicodeScalars)

    /// The first `#### (\-?[0-9\.\,]+)`.
    static func strict(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        for start in scalars.indices where scalars[start...].starts(with: mark) {
            let number = run(scalars, from: start + mark.count, of: isDigitOrSign, countMin: 1)
            if let number { return string(scalars[number]) }
        }
        return invalid
    }

    /// The last `(-?[$0-9.,]{2,})|(-?[0-9]+)`.
    static func flexible(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var last: Range<Int>?
        var place = 0
        while place < scalars.count {
            let found =
                run(scalars, from: place, of: { isDigitOrSign($0) || $0 == "$" }, countMin: 2)
                ?? run(scalars, from: place, of: isDigit, countMin: 1)
            last = found ?? last
            place = found?.upperBound ?? place + 1
        }
        return last.map { string(scalars[$0]) } ?? invalid
    }

    /// What is compared: without `,`, `$`, everything up to the last `#### `, and a point at the
    /// end; in small letters.
    static func normal(_ text: String) -> String {
        var scalars = text.unicodeScalars.filter { $0 != "," && $0 != "$" }.map { $0 }
        if let start = scalars.indices.last(where: { scalars[$0...].starts(with: mark) }) {
            scalars.removeFirst(start + mark.count)
        }
        // Python's `$` stands before a last line end, too.
        let end = scalars.last == "\n" ? scalars.count - 2 : scalars.count - 1
        if scalars.indices.contains(end), scalars[end] == "." { scalars.remove(at: end) }
        return string(scalars[...]).lowercased()
    }

    /// A sign or none, and as many as there are of a kind.
    private static func run(
        _ scalars: [Unicode.Scalar], from start: Int, of isPart: (Unicode.Scalar) -> Bool,
        countMin: Int
    ) -> Range<Int>? {
        let first = start < scalars.count && scalars[start] == "-" ? start + 1 : start
        let end = scalars[min(first, scalars.count)...].prefix { isPart($0) }.endIndex
        return end - first >= countMin ? start..<end : nil
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("0"..."9").contains(scalar)
    }

    private static func isDigitOrSign(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || scalar == "." || scalar == ","
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }
}
