// JSON text and values: order, numbers, escapes, limits, and bytes that are no JSON.

import Report
import Testing

@Suite struct ReportValueTests {
    @Test func `members keep their order and numbers their shortest spelling`() throws {
        let value: ReportValue = [
            "z": 0.1, "a": [1, -2.5, 1e-5, 1e300, 0.30000000000000004], "m": [:], "n": [],
            "deep": [["x": nil, "y": true]], "text": "line\n\"quoted\" \\ \u{1} \u{2028} é 😀",
        ]
        let text = value.prettyText
        #expect(
            text == #"""
                {
                  "z": 0.1,
                  "a": [1, -2.5, 1e-05, 1e+300, 0.30000000000000004],
                  "m": {},
                  "n": [],
                  "deep": [{"x": null, "y": true}],
                  "text": "line\n\"quoted\" \\ \u0001 \u2028 é 😀"
                }

                """#)
        #expect(try ReportValue(jsonText: text) == value)
        #expect(try ReportValue(jsonText: value.compactText) == value)
    }

    @Test func `numbers that JSON lacks are written as null`() {
        let value: ReportValue = .array([.number(.nan), .number(.infinity), .number(-.infinity)])
        #expect(value.compactText == "[null, null, null]")
    }

    @Test func `every escape of JSON is read`() throws {
        let text = #""\" \\ \/ \b \f \n \r \t \u0041 \u00e9 \ud83d\uDE00""#
        #expect(
            try ReportValue(jsonText: text)
                == "\" \\ / \u{8} \u{C} \n \r \t A é 😀")
    }

    @Test(
        arguments: [
            ("", "line 1, column 1: expected a value, found the end"),
            ("{\"a\": 1,}", "line 1, column 9: expected a key in quotes, found '}'"),
            ("{\n \"a\" 1}", "line 2, column 6: expected ':', found '1'"),
            ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
            ("[1] x", "line 1, column 5: expected the end, found 'x'"),
            ("{\"a\": 1, \"a\": 2}", "expected a key that is not there already"),
            ("nul", "expected null, found 'n'"),
            ("01", "expected the end, found '1'"),
            ("1.", "expected a digit, found the end"),
            ("-", "expected a digit, found the end"),
            ("1e999", "expected a number that a 64-bit float holds"),
            ("\"a", "expected the end of the string, found the end"),
            ("\"\n\"", "expected the end of the string, found byte 0xa"),
            ("\"\\x\"", "expected an escape of JSON, found 'x'"),
            ("\"\\ud800\"", "expected a pair of surrogates"),
            ("\"\\udc00\\ud800\"", "expected a pair of surrogates"),
            ("\"\\u12g4\"", "expected four hexadecimal digits, found 'g'"),
            (String(repeating: "[", count: 65), "nested deeper than 64 levels"),
        ])
    func `text that is no JSON is refused with its place`(text: String, part: String) {
        do throws(ReportError) {
            let value = try ReportValue(jsonText: text)
            Issue.record("read as \(value)")
        } catch {
            #expect(error.description.contains(part), "\(error)")
        }
    }

    @Test func `sixty-four levels are read`() throws {
        let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try ReportValue(jsonText: text).compactText == text)
    }

    @Test func `a report with random damage is read or refused, never trapped on`() throws {
        let text = Array(try ReportFixtures.tiny().jsonText().utf8)
        var state: UInt64 = 0x5EED
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let spice = Array("{}[]\",:0123456789-+eE.\\untrf \n".utf8) + [0, 0x80, 0xFF]
        var readable = 0
        for _ in 0..<1000 {
            var bytes = text
            for _ in 0...next(4) {
                switch next(3) {
                case 0: bytes[next(bytes.count)] = spice[next(spice.count)]
                case 1: bytes.remove(at: next(bytes.count))
                default: bytes.insert(spice[next(spice.count)], at: next(bytes.count))
                }
            }
            if let report = try? RunReport(jsonText: String(decoding: bytes, as: UTF8.self)) {
                readable += 1
                #expect(HTMLReport.render(report).hasSuffix("</html>\n"))
            }
        }
        // Damage inside strings and numbers leaves a report: the renderer is tried as well.
        #expect(readable > 50)
    }
}
