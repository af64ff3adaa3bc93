// Style and script: contrast in both schemes, nothing from elsewhere, nothing that makes markup.

import Glibc
import Jobs
import Pages
import Report
import Testing

@Suite struct LookTests {
    private func colors(_ text: String) -> [String: Double] {
        var colors: [String: Double] = [:]
        for match in text.matches(of: #/--([a-z0-9-]+): #([0-9a-f]{6});/#) {
            let number = Int(match.2, radix: 16) ?? 0
            let parts = [number >> 16, number >> 8 & 255, number & 255].map { part -> Double in
                let share = Double(part) / 255
                return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            colors[String(match.1)] = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
        }
        return colors
    }

    @Test(arguments: [Palette.light.text, Palette.dark.text])
    func `text has a contrast of 4.5 on each of its grounds, borders of inputs 3`(
        palette: String
    ) throws {
        let colors = colors(palette)
        func contrast(_ one: String, _ other: String) throws -> Double {
            let (x, y) = (try #require(colors[one]), try #require(colors[other]))
            return (max(x, y) + 0.05) / (min(x, y) + 0.05)
        }
        let texts = [
            ("ink", ["page", "card", "wash", "good-wash", "fair-wash", "bad-wash"]),
            ("soft", ["page", "card", "wash"]), ("accent", ["page", "card", "wash"]),
            ("good", ["good-wash"]), ("fair", ["fair-wash"]),
            ("bad", ["page", "card", "bad-wash"]), ("accent", ["fair-wash", "bad-wash"]),
        ]
        for (text, grounds) in texts {
            for ground in grounds {
                #expect(try contrast(text, ground) >= 4.5, "\(text) on \(ground)")
            }
        }
        // Borders of inputs and buttons, the focus, the bar of progress.
        for (mark, ground) in [("soft", "page"), ("accent", "page"), ("accent", "wash")] {
            #expect(try contrast(mark, ground) >= 3, "\(mark) on \(ground)")
        }
    }

    private static let sheet =
        PageStyle.markup.text + CompareStyle.text + SubmitStyle.text + StoreStyle.text

    @Test func `every colour of the sheet is of the palette`() {
        let style = Self.sheet
        let known = Set(colors(Palette.light.text).keys).union(["sans", "mono"])
        for match in style.matches(of: #/var\(--([a-z0-9-]+)\)/#) {
            #expect(known.contains(String(match.1)), "\(match.1)")
        }
        let own = style.replacing(Palette.light.text, with: "").replacing(
            Palette.dark.text, with: "")
        #expect(own.firstMatch(of: #/#[0-9a-fA-F]{3,8}\b|rgb\(/#) == nil)
        #expect(style.contains(Palette.dark.text) && style.contains("max-width: 700px"))
        #expect(style.contains(":focus-visible"))
    }

    @Test func `nothing is taken from elsewhere, and the script makes no markup of text`() {
        let style = Self.sheet
        #expect(!style.contains("url(") && !style.contains("@import") && !style.contains("<"))
        let script = PageScript.text
        for word in [
            "http:", "https:", "eval(", "Function(", "document.write", "insertAdjacentHTML",
            "outerHTML", "import(", "localStorage",
        ] {
            #expect(!script.contains(word), "\(word)")
        }
        #expect(script.firstMatch(of: #/innerHTML\s*=[^=]/#) == nil)
        #expect(script.split(separator: "\n").count < 250)
        // Page and script mark errors by the same words.
        let words = ["error", "fatal", "failed", "traceback", "panic", "killed", "assertion"]
        #expect(script.contains("/\(words.joined(separator: "|"))/i"))
    }

    @Test func `lines of a log that tell of errors are marked, others are not`() throws {
        let page = try PageSamples.job(.done, "x").render(PageSamples.frame()).text
        #expect(page.contains("<mark class=\"error\">error: x</mark>"))
        #expect(page.contains("first\nx\n"))
        // Where it was cut, the piece of a line goes.
        let other = try PageSamples.job(.cancelled, "x").render(PageSamples.frame()).text
        #expect(!other.contains("first\n"))
    }
}
