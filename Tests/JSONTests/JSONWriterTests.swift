// Values as text: order, numbers, layouts; and through Codable into values and back.

import JSON
import Testing

@Suite struct JSONWriterTests {
    private static let limits = JSONLimits(bytes: 10_000)

    @Test func `members keep their order and numbers their shortest spelling`() throws {
        let value: JSONValue = [
            "z": 0.1, "a": [1, -2.5, 1e-5, 1e300, 0.30000000000000004], "m": [:], "n": [],
            "deep": [["x": nil, "y": true]],
            "text": "line\n\"quoted\" \\ \u{1} \u{8} \u{7F} \u{2028} é 😀",
        ]
        let text = value.text(.page)
        #expect(
            text == #"""
                {
                  "z": 0.1,
                  "a": [1, -2.5, 1e-05, 1e+300, 0.30000000000000004],
                  "m": {},
                  "n": [],
                  "deep": [{"x": null, "y": true}],
                  "text": "line\n\"quoted\" \\ \u0001 \u0008 \u007f \u2028 é 😀"
                }

                """#)
        #expect(try JSONValue(parsing: text, limits: Self.limits) == value)
        #expect(try JSONValue(parsing: value.text(.line), limits: Self.limits) == value)
        #expect(try JSONValue(parsing: value.text(.python), limits: Self.limits) == value)
    }

    @Test func `lists of a hundred columns stay on their line, and rows at any length`() {
        func list(_ last: Int) -> JSONValue {
            let texts = [String](repeating: String(repeating: "x", count: 20), count: 3)
            return [
                "key": .array((texts + [String(repeating: "y", count: last)]).map { .string($0) })
            ]
        }
        #expect(list(15).text(.page).split(separator: "\n")[1].count == 100)
        #expect(list(15).text(.page).split(separator: "\n").count == 3)
        #expect(list(16).text(.page).split(separator: "\n").count == 8)
        let row: JSONValue = ["row": .array([JSONValue](repeating: 1.5, count: 200) + [nil, true])]
        #expect(row.text(.page).split(separator: "\n").count == 3)
        #expect((["a"] as JSONValue).text(.page) == "[\n  \"a\"\n]\n")
    }

    @Test func `numbers that JSON lacks are null`() {
        let value: JSONValue = .array([.real(.nan), .real(.infinity), .real(-.infinity)])
        #expect(value.text(.line) == "[null, null, null]")
    }

    struct Inner: Codable, Equatable {
        var zeta: [Double]
        var alpha: String?
    }

    struct Outer: Codable, Equatable {
        var name = "n"
        var inner = Inner(zeta: [1, 0.5], alpha: nil)
        var free: JSONValue = ["b": 1, "a": 2]
        var small: UInt8 = 7
        var flag = true
        var missing: Int?
    }

    @Test func `Codable values keep the order of their declaration`() throws {
        let value = try JSONValueEncoder.value(of: Outer())
        #expect(
            value.text(.line)
                == #"{"name": "n", "inner": {"zeta": [1.0, 0.5], "alpha": null}, "#
                + #""free": {"b": 1, "a": 2}, "small": 7, "flag": true, "missing": null}"#)
        #expect(try JSONValueDecoder.decode(Outer.self, from: value) == Outer())
    }

    @Test(
        arguments: [
            (#""small": 7"#, #""small": 256"#, "small", "expected UInt8, found a number"),
            (#""small": 7"#, #""small": 7.0"#, "small", "expected UInt8, found a number"),
            (#"0.5]"#, #"1e999]"#, "inner.zeta[1]", "expected Double, found a number"),
            (#""name": "n", "#, "", "name", "is missing"),
            (#""name": "n""#, #""name": null"#, "name", "expected String, found null"),
        ])
    func `a field of another kind is refused by its path`(
        old: String, new: String, path: String, problem: String
    ) throws {
        let text = try JSONValueEncoder.value(of: Outer()).text(.line)
        let value = try JSONValue(
            parsing: text.replacing(old, with: new), limits: Self.limits)
        #expect(throws: JSONFieldFault(path: path, problem: problem)) {
            try JSONValueDecoder.decode(Outer.self, from: value)
        }
    }
}
